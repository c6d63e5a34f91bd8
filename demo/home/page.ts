// The front page: a card for each demo, its preview live while it is in view. Without WebGPU, or for visitors who want no
// motion, cards show pictures. Must not know how a demo works.
import { byId, element } from "../shared/dom";
import { openJaxDevice } from "../shared/jax-device";
import { PAGES } from "../shared/pages.mjs";
import { Shell } from "../shared/shell";
import type { Preview } from "./preview";
import { PREVIEWS } from "./previews";

/** Pictures of the pages by file name; scripts/take-pictures.mjs takes them. */
const PICTURES = import.meta.glob<string>("../pictures/cards/*.png", {
  eager: true,
  query: "?url",
  import: "default",
});

const pictureOf = (file: string) => PICTURES[`../pictures/cards/${file}.png`];

/** Pixels of a preview: enough for a card, few enough for a software adapter. */
const PREVIEW_SIZE = { width: 480, height: 360 };

const shell = new Shell(() => {
  for (const stage of document.querySelectorAll(".stage")) stage.classList.remove("live");
});

function card({ name, title, sentence }: (typeof PAGES)[number]): HTMLLIElement {
  const link = element("a", title);
  link.href = `./${name}.html`;
  const canvas = element("canvas");
  Object.assign(canvas, PREVIEW_SIZE);
  const stage = element("div", canvas);
  stage.className = "stage";
  stage.dataset.name = name;
  stage.setAttribute("aria-hidden", "true");
  const light = pictureOf(name);
  if (light !== undefined) {
    const source = element("source");
    source.media = "(prefers-color-scheme: dark)";
    source.srcset = pictureOf(`${name}-dark`) ?? light;
    const image = element("img");
    Object.assign(image, { src: light, alt: "" });
    stage.prepend(element("picture", source, image));
  }
  const item = element("li", stage, element("h2", link), element("p", sentence));
  item.className = "panel card";
  return item;
}

byId("cards").append(...PAGES.map(card));

const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));

/** Previews take turns, in the order in which they ask: a software adapter has no time for all of them at once. */
let lastTurn: Promise<unknown> = Promise.resolve();
function inTurn<Result>(act: () => Promise<Result>): Promise<Result> {
  const turn = lastTurn.then(act);
  lastTurn = turn.catch(() => undefined);
  return turn;
}

/** Keeps the preview of a stage going while it is in view. */
function playInView(device: GPUDevice, stage: HTMLElement): void {
  const open = PREVIEWS[stage.dataset.name!];
  if (!open) return;
  let isInView = false;
  let isPlaying = false;
  let preview: Preview | undefined;
  const play = async () => {
    isPlaying = true;
    const module = await open();
    preview ??= await inTurn(() => module.openPreview(device, stage.querySelector("canvas")!));
    while (isInView && !shell.hasFailed()) {
      await inTurn(preview.frame);
      if (!shell.hasFailed()) stage.classList.add("live");
      await nextFrame();
    }
    isPlaying = false;
  };
  new IntersectionObserver((entries) => {
    isInView = entries.at(-1)!.isIntersecting;
    if (isInView && !isPlaying) play().catch(shell.fail);
  }).observe(stage);
}

async function start(): Promise<void> {
  const device = await shell.openDevice(openJaxDevice);
  shell.enter("idle");
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  for (const stage of document.querySelectorAll<HTMLElement>(".stage")) playInView(device, stage);
}

start().catch(shell.fail);
