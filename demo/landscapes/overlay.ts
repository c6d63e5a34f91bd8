// What lies over the map: the ways of a race, the minimum, and the start, which a visitor drags, taps to, or moves by arrow
// keys. Must not know how anything moves.
import { cssColor } from "../shared/color";
import { ruleColor, ruleLabel, ruleLine, type RuleName } from "../shared/rules";
import { ASPECT, type Landscape, type Point } from "./functions";
import type { Paths } from "./trace";

/** Arrow keys move the start by this part of the map's height. */
const KEY_PART = 1 / 60;
/** A start is rounded to this part of the map's height, so that its numbers are short. */
const ROUNDING_PART = 1 / 600;

const MARK_PIXELS = 6;

export class Overlay {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #marker: HTMLButtonElement;
  readonly #onStart: (start: Point) => void;
  #landscape!: Landscape;
  #start: Point = [0, 0];
  #paths: Paths | null = null;

  /** @param onStart a visitor has put the start elsewhere */
  constructor(canvas: HTMLCanvasElement, marker: HTMLButtonElement, onStart: (start: Point) => void) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d")!;
    this.#marker = marker;
    this.#onStart = onStart;
    canvas.addEventListener("click", (event) => {
      if (!this.#marker.hidden) this.#put(this.#placeOf(event));
    });
    this.#followPointer();
    marker.addEventListener("keydown", (event) => {
      const ways: Partial<Record<string, Point>> = {
        ArrowLeft: [-1, 0],
        ArrowRight: [1, 0],
        ArrowUp: [0, 1],
        ArrowDown: [0, -1],
      };
      const way = ways[event.key];
      if (!way) return;
      event.preventDefault();
      const distance = 2 * this.#landscape.halfHeight * KEY_PART;
      this.#put([this.#start[0] + distance * way[0], this.#start[1] + distance * way[1]]);
    });
  }

  /** The map, and where the race starts; null where there is none. */
  place(landscape: Landscape, start: Point | null): void {
    this.#landscape = landscape;
    this.#marker.hidden = start === null;
    this.#canvas.classList.toggle("tappable", start !== null);
    if (!start) return;
    this.#moveMarker(start);
  }

  /** Shows the ways of a race from now on; null shows none. */
  show(paths: Paths | null): void {
    this.#paths = paths;
    this.draw();
  }

  draw(): void {
    const context = this.#context;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    context.scale(devicePixelRatio, devicePixelRatio);
    this.#drawMinimum();
    const named: Point[] = [];
    for (const [rule, path] of this.#paths ?? []) {
      const end = this.#drawPath(rule, path);
      // Where names would cover each other, the first is drawn.
      if (!end || named.some(([x, y]) => Math.abs(x - end[0]) < 70 && Math.abs(y - end[1]) < 14)) continue;
      named.push(end);
      this.#drawName(rule, end);
    }
  }

  #drawMinimum(): void {
    const context = this.#context;
    const { minimum, radius, halfHeight } = this.#landscape;
    const [x, y] = this.#pixelOf(minimum);
    context.strokeStyle = cssColor("--ink");
    context.setLineDash([]);
    context.lineWidth = 1.5;
    context.beginPath();
    context.arc(x, y, (radius / (2 * halfHeight)) * this.#canvas.clientHeight, 0, 2 * Math.PI);
    context.moveTo(x - MARK_PIXELS, y);
    context.lineTo(x + MARK_PIXELS, y);
    context.moveTo(x, y - MARK_PIXELS);
    context.lineTo(x, y + MARK_PIXELS);
    context.stroke();
  }

  /** Draws a way and the point at its end, whose pixel it returns. */
  #drawPath(rule: RuleName, path: readonly Point[]): Point | null {
    const context = this.#context;
    const color = cssColor(ruleColor(rule));
    context.strokeStyle = color;
    context.fillStyle = color;
    context.lineWidth = 2;
    context.lineJoin = "round";
    context.setLineDash(ruleLine(rule).dash ?? []);
    context.beginPath();
    let last: [number, number] | null = null;
    for (const point of path) {
      // A point that has left float32 has no place.
      if (!Number.isFinite(point[0]) || !Number.isFinite(point[1])) break;
      const [x, y] = this.#pixelOf(point);
      context.lineTo(x, y);
      last = [x, y];
    }
    context.stroke();
    if (!last) return null;
    context.beginPath();
    context.arc(...last, 5, 0, 2 * Math.PI);
    context.fill();
    context.setLineDash([]);
    context.lineWidth = 1.5;
    context.strokeStyle = cssColor("--panel");
    context.stroke();
    return last;
  }

  #drawName(rule: RuleName, [x, y]: Point): void {
    const context = this.#context;
    context.font = "600 12px system-ui, sans-serif";
    context.lineWidth = 3;
    context.strokeStyle = cssColor("--panel");
    context.strokeText(ruleLabel(rule), x + 8, y - 7);
    context.fillStyle = cssColor(ruleColor(rule));
    context.fillText(ruleLabel(rule), x + 8, y - 7);
  }

  #followPointer(): void {
    const marker = this.#marker;
    let isDragging = false;
    marker.addEventListener("pointerdown", (event) => {
      marker.setPointerCapture(event.pointerId);
      isDragging = true;
    });
    marker.addEventListener("pointermove", (event) => {
      if (isDragging) this.#moveMarker(this.#placeOf(event));
    });
    marker.addEventListener("lostpointercapture", () => {
      isDragging = false;
      this.#put(this.#start);
    });
  }

  #put(place: Point): void {
    const step = 2 * this.#landscape.halfHeight * ROUNDING_PART;
    const digits = Math.max(0, Math.ceil(-Math.log10(step)));
    const round = (value: number) => Number(value.toFixed(digits));
    this.#moveMarker([round(place[0]), round(place[1])]);
    this.#onStart(this.#start);
  }

  #moveMarker(start: Point): void {
    this.#start = start;
    const { center, halfHeight } = this.#landscape;
    this.#marker.style.left = `${50 + (50 * (start[0] - center[0])) / (halfHeight * ASPECT)}%`;
    this.#marker.style.top = `${50 - (50 * (start[1] - center[1])) / halfHeight}%`;
    this.#marker.setAttribute("aria-label", `Start at ${start[0]}, ${start[1]}; arrow keys move it`);
  }

  #pixelOf([x, y]: Point): [number, number] {
    const { center, halfHeight } = this.#landscape;
    const scale = this.#canvas.clientHeight / (2 * halfHeight);
    return [
      this.#canvas.clientWidth / 2 + scale * (x - center[0]),
      this.#canvas.clientHeight / 2 - scale * (y - center[1]),
    ];
  }

  #placeOf({ clientX, clientY }: MouseEvent): Point {
    const box = this.#canvas.getBoundingClientRect();
    const { center, halfHeight } = this.#landscape;
    const clamp = (part: number) => Math.min(1, Math.max(-1, part));
    return [
      center[0] + halfHeight * ASPECT * clamp((2 * (clientX - box.left)) / box.width - 1),
      center[1] - halfHeight * clamp((2 * (clientY - box.top)) / box.height - 1),
    ];
  }
}
