// What a visitor can set on the page "Landscapes". Must not know what is done with it.
import { severalRules } from "../shared/rules";
import {
  decimal,
  flag,
  half,
  learningRate,
  more,
  oneOf,
  type Option,
  seed,
  type Setting,
  type Values,
  whole,
} from "../shared/settings";
import { LANDSCAPE_NAMES, LANDSCAPES, type Point } from "./functions";

const options = <const Value extends string>(labels: Record<Value, string>) =>
  Object.entries<string>(labels).map(([value, label]): Option & { value: Value } => ({
    value: value as Value,
    label,
  }));

/** A coordinate of the start; null is the landscape's own. */
const coordinate = (label: string): Setting<number | null> => ({
  label,
  default: null,
  expected: "a number from -100 to 100, or empty for the usual start",
  parse(text) {
    if (text === "") return null;
    const value = Number(text);
    return Math.abs(value) <= 100 ? value : undefined;
  },
  format: (value) => (value === null ? "" : String(value)),
  field: { kind: "text" },
  isHalf: true,
});

export const SCHEMA = {
  view: oneOf("What to watch", "race", options({ race: "Race", swarm: "Swarm" })),
  landscape: oneOf(
    "Landscape",
    "cross",
    LANDSCAPE_NAMES.map((value) => ({ value, label: LANDSCAPES[value].label })),
    "list",
  ),
  rules: severalRules(["adabelief", "adam", "sgd", "rmsprop"]),
  rates: oneOf("Learning rates", "same", options({ same: "Same for all", tuned: "Best for each" })),
  lr: learningRate(0.02, 10, "Learning rate of all"),
  ...more({
    falls: flag("Let it fall to 0 by the end"),
    x: coordinate("Start x"),
    y: coordinate("Start y"),
    noise: half(decimal("Added noise", 0, { min: 0, max: 100 })),
    steps: half(whole("Steps", 500, 10, 5000)),
    count: half(
      oneOf(
        "Points per rule",
        "auto",
        options({
          auto: "Auto",
          "1000": "1,000",
          "10000": "10,000",
          "30000": "30,000",
          "100000": "100,000",
        }),
        "list",
      ),
    ),
    speed: half(oneOf("Speed", "normal", options({ slow: "Slow", normal: "Normal", fast: "Fast" }), "list")),
    seed: half(seed()),
  }),
};

export type Settings = Readonly<Values<typeof SCHEMA>>;

/** Steps a second, if the GPU keeps up. */
export const STEPS_PER_SECOND: Record<Settings["speed"], number> = { slow: 20, normal: 60, fast: 600 };

/** The start of the race. */
export const startOf = ({ landscape, x, y }: Settings): Point => {
  const [ownX, ownY] = LANDSCAPES[landscape].start;
  return [x ?? ownX, y ?? ownY];
};
