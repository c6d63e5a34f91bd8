// The settings of a page: their legal values, and how texts (of fields, of the address) become values. Must not touch
// the DOM.

/** One setting. A page has a record of them; controls.ts shows each by its `field`. */
export type Setting<Value> = {
  label: string;
  default: Value;
  /** What a text must be: "a number above 0 and at most 1". */
  expected: string;
  /** The value that a text stands for; undefined when it is not a legal one. */
  parse(text: string): Value | undefined;
  /** The text that `parse` reads back. */
  format(value: Value): string;
  field: Field;
  /** Two such fields in a row share it. */
  isHalf?: boolean;
  /** A heading above the field, for it and those that follow. */
  section?: string;
  /** Folded away under "More settings" until it is wanted. */
  isMore?: boolean;
};

/** How a setting is shown. */
export type Field =
  | { kind: "text"; steps?: boolean }
  | { kind: "choice"; options: readonly Option[]; as: "bar" | "list" }
  | { kind: "several"; options: readonly Option[] }
  | { kind: "flag" }
  | { kind: "hidden" };

/** `color` is a custom property. */
export type Option = { value: string; label: string; color?: string };

export type Schema = Readonly<Record<string, Setting<unknown>>>;

export type Values<S extends Schema> = { -readonly [Name in keyof S]: S[Name]["default"] };

type NumberRange = { above?: number; min?: number; max?: number };

function describeRange({ above, min, max }: NumberRange): string {
  const lower = above !== undefined ? `above ${above}` : min !== undefined ? `at least ${min}` : "";
  const upper = max !== undefined ? `at most ${max}` : "";
  return [lower, upper].filter((part) => part !== "").join(" and ");
}

const isIn = (value: number, { above = -Infinity, min = -Infinity, max = Infinity }: NumberRange) =>
  value > above && value >= min && value <= max && Number.isFinite(value);

/** A number in a range; `steps` gives its field buttons that halve and double it. */
export function decimal(
  label: string,
  initial: number,
  range: NumberRange,
  field: { steps?: boolean } = {},
): Setting<number> {
  return {
    label,
    default: initial,
    expected: `a number ${describeRange(range)}`.trimEnd(),
    parse(text) {
      const value = text === "" ? NaN : Number(text);
      return isIn(value, range) ? value : undefined;
    },
    format: String,
    field: { kind: "text", ...field },
  };
}

/** A learning rate above 0 and at most `max`. */
export const learningRate = (initial: number, max = 1, label = "Learning rate"): Setting<number> =>
  decimal(label, initial, { above: 0, max }, { steps: true });

/** A whole number in a range. */
export function whole(label: string, initial: number, min: number, max: number): Setting<number> {
  return {
    label,
    default: initial,
    expected: `a whole number from ${min} to ${max}`,
    parse(text) {
      const value = /^-?\d+$/.test(text) ? Number(text) : NaN;
      return isIn(value, { min, max }) ? value : undefined;
    },
    format: String,
    field: { kind: "text" },
  };
}

/** The seed of everything random on a page. */
export const seed = (initial = 1): Setting<number> => whole("Seed", initial, 0, 2 ** 32 - 1);

/** One of a few values. */
export function oneOf<const Value extends string>(
  label: string,
  initial: Value,
  options: readonly (Option & { value: Value })[],
  as: "bar" | "list" = "bar",
): Setting<Value> {
  const values = options.map(({ value }) => value);
  return {
    label,
    default: initial,
    expected: `one of ${values.join(", ")}`,
    parse: (text) => values.find((value) => value === text),
    format: (value) => value,
    field: { kind: "choice", options, as },
  };
}

/** One or more of a few values, up to `max` of them, in the order of the options. */
export function someOf<const Value extends string>(
  label: string,
  initial: readonly Value[],
  options: readonly (Option & { value: Value })[],
  max = options.length,
): Setting<readonly Value[]> {
  const values = options.map(({ value }) => value);
  const count = max === values.length ? "some of" : `1 to ${max} of`;
  return {
    label,
    default: initial,
    expected: `${count} ${values.join(", ")}`,
    parse(text) {
      const given = text.split(",").map((part) => part.trim());
      const chosen = values.filter((value) => given.includes(value));
      const isLegal = chosen.length === new Set(given).size && chosen.length > 0 && chosen.length <= max;
      return isLegal ? chosen : undefined;
    },
    format: (chosen) => chosen.join(","),
    field: { kind: "several", options },
  };
}

/** On or off. */
export function flag(label: string, initial = false): Setting<boolean> {
  return {
    label,
    default: initial,
    expected: "0 or 1",
    parse: (text) => (text === "1" ? true : text === "0" ? false : undefined),
    format: (value) => (value ? "1" : "0"),
    field: { kind: "flag" },
  };
}

/** The same setting, without a field: it comes from the address, or is shown in the page's own way. */
export const hidden = <Value>(setting: Setting<Value>): Setting<Value> => ({
  ...setting,
  field: { kind: "hidden" },
});

/** The same setting, in a field half as wide. */
export const half = <Value>(setting: Setting<Value>): Setting<Value> => ({ ...setting, isHalf: true });

/** The same setting, the first under a heading. */
export const section = <Value>(heading: string, setting: Setting<Value>): Setting<Value> => ({
  ...setting,
  section: heading,
});

/** The same settings, folded away. */
export const more = <const S extends Schema>(settings: S): S =>
  Object.fromEntries(
    Object.entries(settings).map(([name, setting]) => [name, { ...setting, isMore: true }]),
  ) as unknown as S;

/** What a message says of a text that is not legal. */
export const problemOf = ({ label, expected }: Setting<unknown>, text: string): string =>
  `${label} must be ${expected}, got "${text}"`;

export const defaultsOf = <S extends Schema>(schema: S): Values<S> =>
  mapSchema(schema, (_, setting) => setting.default);

/** Reads settings from an address's query. What is absent has its default, and so has what is wrong, with a message. */
export function readQuery<S extends Schema>(
  schema: S,
  search: string,
): { values: Values<S>; problems: string[] } {
  const query = new URLSearchParams(search);
  const problems: string[] = [];
  const values = mapSchema(schema, (name, setting) => {
    const text = query.get(name)?.trim();
    if (text === undefined) return setting.default;
    const value = setting.parse(text);
    if (value === undefined) problems.push(problemOf(setting, text));
    return value ?? setting.default;
  });
  return { values, problems };
}

/** The query that reproduces the settings: those that are not the default. Empty, or begins with "?". */
export function toQuery<S extends Schema>(schema: S, values: Values<S>): string {
  const query = new URLSearchParams();
  for (const [name, setting] of Object.entries(schema)) {
    const text = setting.format(values[name]);
    if (text !== setting.format(setting.default)) query.set(name, text);
  }
  const text = query.toString().replaceAll("%2C", ",");
  return text === "" ? "" : `?${text}`;
}

function mapSchema<S extends Schema>(
  schema: S,
  valueOf: (name: string, setting: Setting<unknown>) => unknown,
): Values<S> {
  const entries = Object.entries(schema).map(([name, setting]) => [name, valueOf(name, setting)]);
  return Object.fromEntries(entries) as Values<S>;
}
