// Where the picture comes from: the bundled one, or a visitor's file by button or by drop. Must not know what is done with
// it.
import { byId, onPress, setEnabled, setText } from "../shared/dom";
import { openImage, SOURCE_SIZE } from "./image";
import { paintKingfisher } from "./kingfisher";

const BUNDLED_NAME = "Kingfisher";
const HINT =
  "Or drop a picture anywhere on this page. It stays in your browser, and the link does not contain it.";

export class PictureSource {
  image: OffscreenCanvas = paintKingfisher(SOURCE_SIZE);
  readonly #onChange: () => void;
  readonly #hint = byId("picture-hint");
  readonly #bundled = byId("bundled", HTMLButtonElement);
  /** Of the files opened: the latest wins, however long each takes to decode. */
  #openCount = 0;

  /** @param onChange called when there is another picture */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
    setText(this.#hint, HINT);
    setText(byId("goal-name"), BUNDLED_NAME);
    const input = byId("file", HTMLInputElement);
    input.addEventListener("change", () => {
      const [file] = input.files ?? [];
      // The same file can be chosen again.
      input.value = "";
      if (file) void this.#open(file);
    });
    onPress(this.#bundled, () => {
      this.#openCount++;
      this.#take(paintKingfisher(SOURCE_SIZE), BUNDLED_NAME, false);
    });
    this.#listenForDrops();
  }

  #listenForDrops(): void {
    const { body } = document;
    const isFile = (event: DragEvent) => event.dataTransfer?.types.includes("Files") === true;
    document.addEventListener("dragover", (event) => {
      if (!isFile(event)) return;
      event.preventDefault();
      body.classList.add("dropping");
    });
    document.addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) body.classList.remove("dropping");
    });
    document.addEventListener("drop", (event) => {
      if (!isFile(event)) return;
      event.preventDefault();
      body.classList.remove("dropping");
      const [file] = event.dataTransfer?.files ?? [];
      if (file) void this.#open(file);
    });
  }

  async #open(file: File): Promise<void> {
    const opening = ++this.#openCount;
    setText(this.#hint, `Opening "${file.name}" …`);
    this.#hint.classList.remove("error");
    try {
      const image = await openImage(file);
      if (opening === this.#openCount) this.#take(image, file.name, true);
    } catch (error) {
      if (opening !== this.#openCount) return;
      const message = error instanceof Error ? error.message : String(error);
      this.#hint.classList.add("error");
      setText(this.#hint, `${message}. The picture stays as it is.`);
    }
  }

  #take(image: OffscreenCanvas, name: string, isOwn: boolean): void {
    this.image = image;
    this.#hint.classList.remove("error");
    setText(this.#hint, HINT);
    setText(byId("goal-name"), name);
    byId("goal-name").title = name;
    setEnabled(this.#bundled, isOwn);
    this.#onChange();
  }
}
