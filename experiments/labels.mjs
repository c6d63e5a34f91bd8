// Names and colours of the rules for reports and figures: those of the gallery. It must not know results.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** @type {Record<import("./grid.mjs").ComparedRule, string>} */
export const RULE_LABELS = {
  adabelief: "AdaBelief",
  adam: "Adam",
  adamw: "AdamW",
  radam: "RAdam",
  rmsprop: "RMSprop",
  sgd: "SGD",
};

const STYLES = fileURLToPath(new URL("../demo/shared/rules.css", import.meta.url));

/**
 * The colour of a rule on light paper.
 * @param {string} rule
 */
export function ruleColor(rule) {
  const color = new RegExp(`--rule-${rule}:\\s*(#[0-9a-f]{6})`).exec(readFileSync(STYLES, "utf8"))?.[1];
  if (!color) throw new Error(`${STYLES} has no colour for the rule ${rule}`);
  return color;
}
