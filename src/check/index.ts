// The public surface of `webgpu-optim/check`: named re-exports, no logic.
export { checkRule } from "./check-rule.js";
