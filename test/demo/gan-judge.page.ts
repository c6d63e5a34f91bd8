// Runs in the browser for gan.test.ts: what the judge makes of real digits and of noise.
import { numpy as np } from "@jax-js/jax";
import { loadTestSet, loadTrainingSet, PIXELS } from "../../demo/digits/data";
import { Judge, JUDGED_IMAGES } from "../../demo/gan/judge";
import { openJaxDevice } from "../../demo/shared/jax-device";
import { seededRandom } from "../../demo/shared/random";

/** Its accuracy on test digits, and two distances. */
export type JudgeFigures = { accuracy: number; real: number; noise: number };

const WHITE = 255;

export async function run(): Promise<JudgeFigures> {
  const device = await openJaxDevice();
  const [training, test] = await Promise.all([loadTrainingSet(), loadTestSet()]);
  const judge = await Judge.create(device, training, test);
  const shape = [JUDGED_IMAGES, PIXELS];
  const real = Float32Array.from(training.images.subarray(0, JUDGED_IMAGES * PIXELS), (byte) => byte / WHITE);
  const noise = Float32Array.from(real, seededRandom(1));
  return {
    accuracy: await judge.accuracy(test, JUDGED_IMAGES),
    real: await judge.distance(np.array(real, { shape })),
    noise: await judge.distance(np.array(noise, { shape })),
  };
}
