// One parameter with its gradient as the GPU code sees it: checked ranges, and whether the caller moved the gradient.
import { ParameterError, show } from "../errors.js";
import { isSameRange, resolveRange, type BufferRange, type BufferSource } from "./ranges.js";

/** A parameter as the caller gives it. */
export type Parameter = {
  /** Key in the state; unique in the optimizer. Default "<group>.<index>". */
  name?: string | undefined;
  /** float32, usage STORAGE, offset any multiple of 4 bytes; updated in place by `step()`. */
  param: BufferSource;
  /**
   * float32, usage STORAGE (and COPY_DST for `zeroGrad()`), as long as `param`; never written by `step()`. May be
   * assigned anew between steps; bind groups are cached per buffer.
   */
  grad: BufferSource;
};

export class Tensor {
  readonly param: BufferRange;
  /** Elements. */
  readonly length: number;
  grad: BufferRange;

  /** @throws {ParameterError} naming the parameter and what is wrong with its buffers */
  constructor(
    readonly parameter: Parameter,
    readonly name: string,
  ) {
    this.param = resolveRange(parameter.param, `param of "${name}"`);
    this.length = this.param.size / 4;
    this.grad = this.resolveGrad();
  }

  /**
   * The gradient as the caller's parameter names it now, checked.
   * @throws {ParameterError}
   */
  resolveGrad(): BufferRange {
    const grad = resolveRange(this.parameter.grad, `grad of "${this.name}"`);
    if (grad.size !== this.param.size) {
      throw new ParameterError(
        `grad of "${this.name}" has ${grad.size / 4} elements (${grad.size} bytes), its param has ${this.length} ` +
          `(${this.param.size} bytes); both must be as long`,
      );
    }
    return grad;
  }

  /** Whether the caller assigned another gradient since {@link grad} was set. */
  gradMoved(): boolean {
    return !isSameRange(this.grad, this.parameter.grad);
  }

  /** @throws {ParameterError} when the caller assigned another param, which would leave its state behind */
  checkParam(): void {
    if (isSameRange(this.param, this.parameter.param)) return;
    throw new ParameterError(
      `param of "${this.name}" was assigned anew (${show(this.parameter.param)}); only grad may be, since the state ` +
        "belongs to the param. Create a new optimizer, or write the values into the param's buffer",
    );
  }
}
