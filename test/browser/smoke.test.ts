import { expect, it } from "vitest";
import { Optimizer, adam, adabelief, adamw } from "webgpu-optim";
import { ReferenceOptimizer } from "webgpu-optim/reference";
for (const rule of [
  adam(),
  adamw(),
  adabelief(),
  adam({ amsgrad: true }),
  adamw({ amsgrad: true }),
  adabelief({ amsgrad: true }),
  adabelief({ rectify: true }),
])
  it("smoke " + rule.name, async () => {
    const device = await (await navigator.gpu.requestAdapter())!.requestDevice();
    const n = 1000;
    const U = GPUBufferUsage;
    const mk = () => device.createBuffer({ size: n * 4, usage: U.STORAGE | U.COPY_DST | U.COPY_SRC });
    const param = mk(),
      grad = mk();
    const p = Float32Array.from({ length: n }, (_, i) => Math.sin(i)),
      g = Float32Array.from({ length: n }, (_, i) => Math.cos(i * i));
    device.queue.writeBuffer(param, 0, p);
    device.queue.writeBuffer(grad, 0, g);
    const o = await Optimizer.create<any>(device, [{ param, grad }], rule as any);
    const rp = Float64Array.from(p);
    const r = new ReferenceOptimizer<any>([{ param: rp, grad: Float64Array.from(g) }], rule as any);
    for (let k = 0; k < 10; k++) {
      o.step();
      r.step();
    }
    const s = await o.stateDict();
    const rs = r.stateDict();
    for (const slot in s.state["0.0"]) {
      let worst = 0;
      for (let i = 0; i < n; i++)
        worst = Math.max(
          worst,
          Math.abs(s.state["0.0"]![slot]![i]! - rs.state["0.0"]![slot]![i]!) /
            (Math.abs(rs.state["0.0"]![slot]![i]!) + 1e-30),
        );
      console.log(rule.name, slot, worst);
      expect(worst).toBeLessThan(1e-3);
    }
    const b = device.createBuffer({ size: n * 4, usage: U.MAP_READ | U.COPY_DST });
    const e = device.createCommandEncoder();
    e.copyBufferToBuffer(param, 0, b, 0, n * 4);
    device.queue.submit([e.finish()]);
    await b.mapAsync(1);
    const got = new Float32Array(b.getMappedRange());
    let worst = 0;
    for (let i = 0; i < n; i++) worst = Math.max(worst, Math.abs(got[i]! - rp[i]!));
    console.log(rule.name, "p", worst);
    expect(worst).toBeLessThan(1e-6);
  });
