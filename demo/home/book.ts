// The book that a preview learns from. The front page waits for it as a module, so that it arrives before the preview has
// its turn. Must not know the preview.
import { loadBook } from "../language/text";

export const BOOK = await loadBook();
