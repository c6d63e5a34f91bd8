// The public surface of `webgpu-optim/reference`: named re-exports, no logic.
export { ReferenceOptimizer, type ReferenceArray, type ReferenceParameter } from "./reference-optimizer.js";
