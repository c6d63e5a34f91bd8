// The few digits that previews learn from: the front page must not load megabytes. It waits for them as a module, so that
// they arrive before a preview has its turn. Must not know the previews.
import { loadSample } from "../digits/data";

/** From the test set, whose files are the small ones; its last twelve show every digit. */
export const DIGIT_SAMPLE = await loadSample(500);
