// What the tests of the pages that train networks have in common: opening, pressing, reading what is shown.
import type { Page } from "playwright";
import type { Demo, OpenOptions } from "./demo";

/** Under load, software steps slowly. */
export const POLL = { timeout: 60_000, interval: 50 };

export class ComparisonPage {
  private constructor(readonly page: Page) {}

  static async open(demo: Demo, path: string, options?: OpenOptions): Promise<ComparisonPage> {
    return new ComparisonPage(await demo.open(path, options));
  }

  inState(state: string): Promise<void> {
    return this.page.locator(`body[data-state="${state}"]`).waitFor({ timeout: 170_000 });
  }

  async text(id: string): Promise<string> {
    return (await this.page.getByTestId(id).textContent())!.trim();
  }

  press(id: string): Promise<void> {
    return this.page.getByTestId(id).click();
  }

  /** Starts, and waits for the end. */
  async run(): Promise<void> {
    await this.inState("idle");
    await this.press("toggle");
    await this.inState("finished");
  }

  /** Completed steps, as the page shows them. */
  async step(): Promise<number> {
    const shown = /step ([\d,]+) of/.exec(await this.text("progress-detail"));
    return Number(shown?.[1]?.replaceAll(",", "") ?? 0);
  }

  /** The cells of a rule's row in the table. */
  row(rule: string): Promise<string[]> {
    return this.page.locator(`tr[data-rule="${rule}"] td`).allTextContents();
  }

  /** A cell of a rule's row as a number. */
  async value(rule: string, column: number): Promise<number> {
    return parseFloat((await this.row(rule))[column]!);
  }

  /** Where the panels begin, from the top of the page. */
  panels(): Promise<number[]> {
    return this.page.evaluate(() =>
      [...document.querySelectorAll(".panel")].map(
        (panel) => panel.getBoundingClientRect().top + globalThis.scrollY,
      ),
    );
  }
}
