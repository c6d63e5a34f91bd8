// Runs in the browser for digits.test.ts: a few steps of one network.
import { type DigitSet, loadTestSet } from "../../demo/digits/data";
import type { ModelName } from "../../demo/digits/options.mjs";
import { READ_BATCH, type Score, Trainer } from "../../demo/digits/trainer";
import { advisedRule } from "../../demo/learning/advised-rules";
import { openJaxDevice } from "../../demo/shared/jax-device";

export type NetworkScores = { before: Score; after: Score };

const STEPS = 12;
const BATCH = 32;
const RATE = 0.005;

export async function run(model: ModelName): Promise<NetworkScores> {
  const device = await openJaxDevice();
  // The test set is a sixth of the download, and any digits do.
  const digits: DigitSet = await loadTestSet();
  const options = { model, batch: BATCH, epochs: 1, limit: STEPS * BATCH, seed: 1 };
  const trainer = await Trainer.create(device, digits, options, advisedRule("images", "adabelief", RATE));
  const before = await trainer.score(digits, READ_BATCH);
  await trainer.train(STEPS);
  const after = await trainer.score(digits, READ_BATCH);
  trainer.destroy();
  return { before, after };
}
