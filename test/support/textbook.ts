// AdaBelief written a second time, in the literal order of adabelief-pytorch 0.2.1 (1.1 and 1.2 of the reference
// document): the gradient's deviation as g − m of the new m, the decay as a factor on p. Shares nothing with src.

/** Options by the names of adabelief-pytorch, all given. */
export type TextbookOptions = {
  lr: number;
  betas: [number, number];
  eps: number;
  weightDecay: number;
  weightDecouple: boolean;
  fixedDecay: boolean;
  rectify: boolean;
  degeneratedToSgd: boolean;
  amsgrad: boolean;
};

/** One element's parameter and state. */
export type TextbookState = { p: number; m: number; s: number; max: number; t: number };

/** One step of adabelief-pytorch; `rectify` ignores `amsgrad`, as there. */
export function adabeliefPytorch(options: TextbookOptions, state: TextbookState, gradient: number): void {
  const {
    lr,
    eps,
    weightDecay: wd,
    weightDecouple,
    fixedDecay,
    rectify,
    degeneratedToSgd,
    amsgrad,
  } = options;
  const [b1, b2] = options.betas;
  let g = gradient;
  if (weightDecouple) state.p *= fixedDecay ? 1 - wd : 1 - lr * wd;
  else if (wd !== 0) g += wd * state.p;
  state.t += 1;
  const c1 = 1 - b1 ** state.t;
  const c2 = 1 - b2 ** state.t;
  state.m = b1 * state.m + (1 - b1) * g;
  const r = g - state.m;
  state.s = b2 * state.s + (1 - b2) * r * r;
  state.s += eps;
  let denom = Math.sqrt(state.s) / Math.sqrt(c2) + eps;
  if (amsgrad) {
    state.max = Math.max(state.max, state.s);
    denom = Math.sqrt(state.max) / Math.sqrt(c2) + eps;
  }
  if (!rectify) {
    state.p -= ((lr / c1) * state.m) / denom;
    return;
  }
  const limit = 2 / (1 - b2) - 1;
  const n = limit - (2 * state.t * b2 ** state.t) / (1 - b2 ** state.t);
  if (n >= 5) {
    const k = Math.sqrt((((((c2 * (n - 4)) / (limit - 4)) * (n - 2)) / n) * limit) / (limit - 2)) / c1;
    state.p -= (k * lr * state.m) / (Math.sqrt(state.s) + eps);
  } else if (degeneratedToSgd) {
    state.p -= (lr / c1) * state.m;
  }
}

/** One step of optax.adabelief with a learning rate: eps is its `eps` and its `eps_root`. */
export function adabeliefOptax(
  { lr, betas: [b1, b2], eps }: Pick<TextbookOptions, "lr" | "betas" | "eps">,
  state: TextbookState,
  g: number,
): void {
  state.t += 1;
  state.m = (1 - b1) * g + b1 * state.m;
  const error = g - state.m;
  state.s = (1 - b2) * error ** 2 + b2 * state.s;
  state.s = state.s + eps;
  const mHat = state.m / (1 - b1 ** state.t);
  const sHat = state.s / (1 - b2 ** state.t);
  state.p += (-lr * mHat) / (Math.sqrt(sHat) + eps);
}
