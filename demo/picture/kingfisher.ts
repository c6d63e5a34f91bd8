// The picture that comes with the demo: a kingfisher on a branch, painted by this code. Must not know what it is for.
import { seededRandom } from "../shared/random";

/** Side of the picture in the units of the code below. */
const SIDE = 512;

/** Paints the picture, `size` pixels square. */
export function paintKingfisher(size: number): OffscreenCanvas {
  const canvas = new OffscreenCanvas(size, size);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("The browser gives no 2-D canvas");
  context.scale(size / SIDE, size / SIDE);
  const random = seededRandom(20);
  paintDusk(context, random);
  paintBranch(context, random);
  paintTail(context);
  paintBody(context, random);
  paintWing(context, random);
  paintHead(context, random);
  paintLeaves(context);
  return canvas;
}

type Context = OffscreenCanvasRenderingContext2D;
type Random = () => number;

function gradient(fill: CanvasGradient, stops: Record<number, string>): CanvasGradient {
  for (const [at, color] of Object.entries(stops)) fill.addColorStop(Number(at), color);
  return fill;
}

function fillPath(context: Context, path: string, fill: string | CanvasGradient): void {
  context.fillStyle = fill;
  context.fill(new Path2D(path));
}

/** Short strokes at random places of a path, along `direction` (radians). */
function brush(
  context: Context,
  random: Random,
  path: string,
  [left, top, right, bottom]: [number, number, number, number],
  { count, length, width, direction, colors }: Strokes,
): void {
  context.save();
  context.clip(new Path2D(path));
  context.lineCap = "round";
  for (let index = 0; index < count; index++) {
    const x = left + random() * (right - left);
    const y = top + random() * (bottom - top);
    const angle = direction + 0.5 * (random() - 0.5);
    const reach = length * (0.6 + 0.8 * random());
    context.strokeStyle = colors[Math.floor(random() * colors.length)]!;
    context.lineWidth = width * (0.6 + 0.8 * random());
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + reach * Math.cos(angle), y + reach * Math.sin(angle));
    context.stroke();
  }
  context.restore();
}

type Strokes = { count: number; length: number; width: number; direction: number; colors: string[] };

function paintDusk(context: Context, random: Random): void {
  const sky = context.createLinearGradient(0, 0, 0, SIDE);
  context.fillStyle = gradient(sky, { 0: "#173a52", 0.45: "#3f7f7c", 0.75: "#d9a95b", 1: "#b5652f" });
  context.fillRect(0, 0, SIDE, SIDE);
  const sun = context.createRadialGradient(408, 330, 10, 408, 330, 190);
  context.fillStyle = gradient(sun, { 0: "#fff3c9", 0.22: "#ffe19ae0", 1: "#ffd07a00" });
  context.fillRect(0, 0, SIDE, SIDE);
  // Lights out of focus.
  const lights = ["#ffe9ae", "#8fd0b8", "#f6b765", "#5fa9a8"];
  for (let index = 0; index < 26; index++) {
    const x = random() * SIDE;
    const y = 60 + random() * 380;
    context.globalAlpha = 0.1 + 0.2 * random();
    context.fillStyle = lights[index % lights.length]!;
    context.beginPath();
    context.arc(x, y, 9 + 26 * random(), 0, 2 * Math.PI);
    context.fill();
  }
  // Reeds.
  context.lineCap = "round";
  for (let index = 0; index < 15; index++) {
    const x = random() * SIDE;
    const lean = 70 * (random() - 0.5);
    context.globalAlpha = 0.35 + 0.3 * random();
    context.strokeStyle = index % 2 === 0 ? "#24493f" : "#5b5a2c";
    context.lineWidth = 2 + 5 * random();
    context.beginPath();
    context.moveTo(x, SIDE);
    context.quadraticCurveTo(x, 400, x + lean, 300 - 140 * random());
    context.stroke();
  }
  context.globalAlpha = 1;
}

function paintBranch(context: Context, random: Random): void {
  const branch =
    "M-10 452 C90 420 200 438 300 424 S470 392 522 372 L522 402 C450 424 380 436 300 454 S90 452 -10 490Z";
  fillPath(
    context,
    branch,
    gradient(context.createLinearGradient(0, 400, 0, 480), { 0: "#a9764a", 1: "#3a2419" }),
  );
  const colors = ["#c79a66", "#6b4529", "#2c1a12", "#8b5f3a"];
  brush(context, random, branch, [-20, 370, 520, 485], {
    count: 260,
    length: 34,
    width: 2.4,
    direction: -0.12,
    colors,
  });
  fillPath(context, "M392 408 C410 372 414 352 408 322 L415 320 C424 350 424 376 414 404Z", "#5a3a24");
}

function paintTail(context: Context): void {
  fillPath(context, "M176 372 C150 410 132 446 118 488 L146 494 C166 462 190 430 214 398Z", "#123f86");
  fillPath(context, "M188 380 C170 410 156 446 146 494 L162 490 C184 458 204 430 222 396Z", "#2c86cf");
}

function paintBody(context: Context, random: Random): void {
  const body =
    "M262 168 C318 176 352 232 344 300 C338 356 300 410 246 416 C206 420 178 396 176 352 C174 286 206 196 262 168Z";
  const breast = context.createLinearGradient(190, 200, 340, 380);
  fillPath(context, body, gradient(breast, { 0: "#f08a24", 0.55: "#e8691c", 1: "#a83a12" }));
  const colors = ["#ffb04a", "#f58a2c", "#d9571a", "#ffc877", "#b8441a"];
  brush(context, random, body, [170, 170, 350, 420], {
    count: 420,
    length: 15,
    width: 3,
    direction: 1.75,
    colors,
  });
  // Feet.
  context.strokeStyle = "#d8452e";
  context.lineCap = "round";
  context.lineWidth = 7;
  for (const x of [238, 274]) {
    context.beginPath();
    context.moveTo(x, 408);
    context.lineTo(x + 4, 436);
    context.moveTo(x - 10, 438);
    context.quadraticCurveTo(x + 4, 426, x + 18, 436);
    context.stroke();
  }
}

function paintWing(context: Context, random: Random): void {
  const wing =
    "M246 184 C208 196 172 246 160 306 C152 350 158 384 172 408 C206 396 246 362 264 312 C278 270 276 214 246 184Z";
  const blue = context.createLinearGradient(170, 190, 250, 400);
  fillPath(context, wing, gradient(blue, { 0: "#23b5d8", 0.45: "#1671c0", 1: "#0d2f78" }));
  const colors = ["#38c6e6", "#1a86d0", "#0f4fa3", "#0c3a86"];
  brush(context, random, wing, [150, 180, 275, 410], {
    count: 150,
    length: 20,
    width: 3,
    direction: 1.9,
    colors,
  });
  // Flight feathers and the bright spots of the coverts.
  context.lineCap = "round";
  for (let index = 0; index < 7; index++) {
    context.strokeStyle = index % 2 === 0 ? "#082360" : "#3fb4ea";
    context.lineWidth = 4;
    context.beginPath();
    context.moveTo(252 - 8 * index, 290 + 6 * index);
    context.quadraticCurveTo(222 - 6 * index, 350 + 4 * index, 178 - index, 402 - 7 * index);
    context.stroke();
  }
  context.fillStyle = "#a5f0ff";
  for (let index = 0; index < 22; index++) {
    const row = index % 4;
    context.beginPath();
    context.ellipse(204 + 15 * row - 1.5 * index, 222 + 3.6 * index + 5 * row, 4.4, 2.6, 2, 0, 2 * Math.PI);
    context.fill();
  }
  context.strokeStyle = "#7be7ff";
  context.lineWidth = 6;
  context.stroke(new Path2D("M236 190 C206 212 182 256 172 306"));
}

function paintHead(context: Context, random: Random): void {
  const head =
    "M196 150 C196 96 242 66 292 72 C336 78 356 112 348 150 C340 190 300 206 258 202 C222 200 196 186 196 150Z";
  const crown = context.createLinearGradient(220, 70, 270, 210);
  fillPath(context, head, gradient(crown, { 0: "#29c0e0", 0.5: "#1767b4", 1: "#123b82" }));
  const colors = ["#5fe0f2", "#1f8fd0", "#0e4796", "#0b2f70"];
  brush(context, random, head, [190, 66, 350, 150], {
    count: 120,
    length: 9,
    width: 2.6,
    direction: 2.6,
    colors,
  });
  // Cheek, the white behind it, and the throat.
  fillPath(
    context,
    "M262 140 C292 128 330 132 346 146 C346 172 310 186 276 178 C256 172 252 152 262 140Z",
    "#ee7a1e",
  );
  fillPath(
    context,
    "M214 150 C230 142 252 148 258 166 C252 190 232 204 212 200 C202 186 202 164 214 150Z",
    "#fff6e2",
  );
  fillPath(
    context,
    "M266 182 C296 192 330 182 346 160 C350 186 330 212 300 216 C282 216 268 204 266 182Z",
    "#fffaf0",
  );
  // Beak.
  fillPath(context, "M338 116 L486 150 L342 142Z", "#20242c");
  fillPath(context, "M340 142 L486 150 L336 160Z", "#4a2b26");
  fillPath(context, "M340 118 L470 147 L342 128Z", "#59616e");
  // Eye.
  for (const [x, y, radius, color] of [
    [310, 118, 20, "#0a1a33"],
    [311, 117, 15, "#30170c"],
    [311, 118, 10, "#050505"],
    [317, 110, 5.5, "#ffffff"],
  ] as const) {
    context.fillStyle = color;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
  }
}

function paintLeaves(context: Context): void {
  const leaves: [number, number, number, number, string, string][] = [
    [410, 322, 74, -0.9, "#8fc04a", "#3d7a34"],
    [404, 348, 66, -2.6, "#5f9c3c", "#2c5e30"],
    [60, 440, 84, -1.2, "#a5cf57", "#4b8a38"],
    [30, 456, 70, -2.2, "#6aa544", "#2f6431"],
    [468, 396, 62, 1.1, "#7fb346", "#2f6a33"],
  ];
  for (const [x, y, length, angle, light, dark] of leaves) {
    context.save();
    context.translate(x, y);
    context.rotate(angle);
    const half = 0.26 * length;
    fillPath(context, `M0 0 C${0.3 * length} ${-half} ${0.75 * length} ${-half} ${length} 0Z`, light);
    fillPath(context, `M0 0 C${0.3 * length} ${half} ${0.75 * length} ${half} ${length} 0Z`, dark);
    context.strokeStyle = "#d9e9a0";
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(0, 0);
    context.lineTo(0.95 * length, 0);
    context.stroke();
    context.restore();
  }
}
