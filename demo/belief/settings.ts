// What a visitor can set on the page "Inside the belief". Must not know what is done with it.
import {
  decimal,
  flag,
  half,
  learningRate,
  more,
  section,
  seed,
  type Setting,
  type Values,
  whole,
} from "../shared/settings";
import { STORIES } from "./stories";
import type { StreamShape } from "./stream";
import type { RuleSettings } from "./variants";

/** A number that may be left out: an empty field is null. */
function optional(setting: Setting<number>, otherwise: string): Setting<number | null> {
  return {
    ...setting,
    default: null,
    expected: `${setting.expected}, or empty for ${otherwise}`,
    parse: (text) => (text === "" ? null : setting.parse(text)),
    format: (value) => (value === null ? "" : setting.format(value)),
  };
}

const { shape } = STORIES.predictable;

export const SCHEMA = {
  mean: section("The gradient", half(decimal("Mean", shape.mean, { min: -1000, max: 1000 }))),
  noise: half(decimal("Noise", shape.noise, { min: 0, max: 1000 })),
  meanAfter: half(optional(decimal("New mean", 0, { min: -1000, max: 1000 }), "no change")),
  changeAt: half(whole("From step", shape.changeAt, 0, 5000)),
  meanHalfLife: half(optional(decimal("Mean halves in", 0, { above: 0, max: 1e6 }), "never")),
  noiseHalfLife: half(optional(decimal("Noise halves in", 0, { above: 0, max: 1e6 }), "never")),
  maxUpdate: section(
    "Remedies for AdaBelief",
    half(optional(decimal("maxUpdate", 0, { above: 0, max: 1e6 }), "no bound")),
  ),
  eps: half(decimal("eps", 1e-16, { min: 0, max: 1 })),
  amsgrad: half(flag("amsgrad")),
  rectify: half(flag("rectify")),
  ...more({
    lr: learningRate(0.001),
    beta1: half(decimal("β1", 0.9, { min: 0, max: 0.9999 })),
    beta2: half(decimal("β2", 0.999, { min: 0, max: 0.99999 })),
    steps: half(whole("Steps", shape.steps, 20, 5000)),
    seed: half(seed()),
  }),
};

export type Settings = Readonly<Values<typeof SCHEMA>>;

export const shapeOf = (settings: Settings): StreamShape => settings;

export const rulesOf = ({ lr, beta1, beta2, maxUpdate, amsgrad, eps, rectify }: Settings): RuleSettings => ({
  lr,
  beta1,
  beta2,
  remedies: { maxUpdate: maxUpdate ?? Infinity, amsgrad, eps, rectify },
});
