// What is compared: Adam, AdaBelief, and AdaBelief with the remedies that a visitor tries. Must not know how they are run.
import { adabelief, type AdaBeliefOptions, adam, type RuleOptions, type UpdateRule } from "webgpu-optim";

export type VariantName = "adam" | "adabelief" | "remedied";

export type Variant = { name: VariantName; rule: UpdateRule<RuleOptions> };

export type Remedies = Pick<AdaBeliefOptions, "maxUpdate" | "amsgrad" | "eps" | "rectify">;

export type RuleSettings = { lr: number; beta1: number; beta2: number; remedies: Remedies };

export const VARIANT_LABELS: Record<VariantName, string> = {
  adam: "Adam",
  adabelief: "AdaBelief",
  remedied: "with remedies",
};

/** AdaBelief's defaults: no remedy at all. */
export const NO_REMEDIES: Remedies = { maxUpdate: Infinity, amsgrad: false, eps: 1e-16, rectify: false };

export const hasRemedies = (remedies: Remedies): boolean =>
  (Object.keys(NO_REMEDIES) as (keyof Remedies)[]).some((name) => remedies[name] !== NO_REMEDIES[name]);

/** The variants to run; the last one only when there is a remedy. @throws {OptionError} remedies exclude each other */
export function variantsOf({ lr, beta1, beta2, remedies }: RuleSettings): Variant[] {
  const shared = { lr, betas: [beta1, beta2] as [number, number] };
  const variants: Variant[] = [
    { name: "adam", rule: adam(shared) },
    { name: "adabelief", rule: adabelief(shared) },
  ];
  if (hasRemedies(remedies)) variants.push({ name: "remedied", rule: adabelief({ ...shared, ...remedies }) });
  return variants;
}
