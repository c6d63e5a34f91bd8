// Progress and the main numbers of a run. Must not know who runs it.
import { shareOfLimit, timesFaster } from "../../bench/ratios.mjs";
import type { Row } from "../../bench/rows";
import { byId, setText } from "../shared/dom";
import { formatCount, formatDuration, formatPercent } from "../shared/format";
import { ProgressBar } from "../shared/progress-bar";
import { ruleLabel } from "../shared/rules";
import { Tiles } from "../shared/tiles";
import { formatTime, formatTimes } from "./words";

const BLANK = "\u00a0";

/** What a tile says of a row: which case it is of, on two lines. */
const detail = ({ rule, parameters, tensors }: Row) =>
  `${ruleLabel(rule)}, ${formatCount(parameters)}\n${tensors === 1 ? "in one tensor" : `in ${formatCount(tensors)} tensors`}`;

export class Readings {
  readonly #progress = new ProgressBar(byId("progress"), byId("status"), byId("progress-detail"));
  readonly #tiles = new Tiles(byId("tiles"), {
    limit: "Of the limit's speed",
    tfjs: "TensorFlow.js takes",
    jax: "jax-js takes",
    host: "Host time of step()",
  });

  /** Says what goes on; `fraction` as in {@link ProgressBar.show}. */
  progress(status: string, fraction: number | null, elapsedMs?: number): void {
    this.#progress.show(status, fraction, elapsedMs === undefined ? "" : formatDuration(elapsedMs));
  }

  /** What is being measured, or null. */
  current(text: string | null): void {
    setText(byId("current"), text ?? BLANK);
  }

  /** Sums up what has been measured: each tile by its largest tensor. */
  rows(rows: readonly Row[]): void {
    const ours = rows
      .filter(({ subject }) => subject === "webgpu-optim")
      .sort((a, b) => a.tensors - b.tensors || b.parameters - a.parameters);
    this.#show(
      "limit",
      ours,
      (row) => shareOfLimit(rows, row),
      (share) => formatPercent(share, 0),
    );
    this.#show("tfjs", ours, (row) => timesFaster(rows, row, "tfjs"), formatTimes);
    this.#show("jax", ours, (row) => timesFaster(rows, row, "jax-js"), formatTimes);
    this.#show("host", ours, ({ hostMs }) => hostMs, formatTime);
  }

  #show(
    tile: "limit" | "tfjs" | "jax" | "host",
    ours: readonly Row[],
    valueOf: (row: Row) => number | undefined,
    format: (value: number) => string,
  ): void {
    const row = ours.find((candidate) => valueOf(candidate) !== undefined);
    this.#tiles.show(tile, row ? format(valueOf(row)!) : "–", row ? detail(row) : BLANK);
  }
}
