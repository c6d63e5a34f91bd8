// The file of finished runs: what is in it is not run again. It must not know what a run is made of.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runKey } from "./grid.mjs";

/**
 * @typedef {import("./page").Outcome} Outcome
 * @typedef {import("./grid.mjs").RunSpec & Outcome & { wallMs: number }} Result
 * @typedef {{ adapter: string, browser: string }} Machine
 */

const FILE = "results.json";

export class Store {
  /** @type {Result[]} */
  #runs = [];
  /** @type {Machine | undefined} */
  #machine;
  #path;

  /**
   * @param {string} folder made when it is not there
   * @param {boolean} fresh forgets what is there
   * @throws when the file is not one of ours
   */
  constructor(folder, fresh) {
    mkdirSync(folder, { recursive: true });
    this.#path = join(folder, FILE);
    if (!fresh) this.#load();
  }

  #load() {
    let text;
    try {
      text = readFileSync(this.#path, "utf8");
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code === "ENOENT") return;
      throw error;
    }
    let content;
    try {
      content = /** @type {{ machine: Machine, runs: Result[] }} */ (JSON.parse(text));
    } catch {
      content = undefined;
    }
    if (!content || !Array.isArray(content.runs) || typeof content.machine?.adapter !== "string") {
      throw new Error(
        `${this.#path} holds no results of experiments. Use --fresh to write new ones over it.`,
      );
    }
    this.#runs = content.runs;
    this.#machine = content.machine;
  }

  /**
   * Says what the runs from here on are measured on.
   * @param {Machine} machine
   * @throws when the results that are there come from another adapter
   */
  setMachine(machine) {
    const kept = this.#machine?.adapter;
    if (this.#runs.length > 0 && kept !== undefined && kept !== machine.adapter) {
      throw new Error(
        `The results in ${this.#path} were measured on ${kept}, and this is ${machine.adapter}. ` +
          "Use --out for another folder, or --fresh to begin anew.",
      );
    }
    this.#machine = machine;
  }

  /** What the runs were measured on; undefined while there are none. */
  get machine() {
    return this.#machine;
  }

  /**
   * The result of a run, if it is there.
   * @param {import("./grid.mjs").RunSpec} spec
   */
  find(spec) {
    const key = runKey(spec);
    return this.#runs.find((run) => runKey(run) === key);
  }

  /**
   * Keeps a finished run. The file is whole at every moment: a new one takes the place of the old.
   * @param {Result} result
   */
  add(result) {
    this.#runs.push(result);
    const content = { machine: this.#machine, runs: this.#runs };
    const draft = `${this.#path}.new`;
    writeFileSync(draft, `${JSON.stringify(content, null, 1)}\n`);
    renameSync(draft, this.#path);
  }
}
