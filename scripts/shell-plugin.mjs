// A Vite plugin: writes what all pages of the gallery share into their HTML, so that it is there before any script
// runs and nothing moves when one does. A page has the marks <!-- head -->, <!-- masthead --> and <!-- notice -->; where
// it wants them, <!-- progress -->, <!-- chart name: Title --> and <!-- side by side --> as well. It must not know any page.
import { basename } from "node:path";
import { HOME, PAGES } from "../demo/shared/pages.mjs";

const ICON =
  "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>" +
  "<path d='M2 3c1 8 5 10 12 10' fill='none' stroke='%233b6fe0' stroke-width='2.5' stroke-linecap='round'/></svg>";

const STYLES = ["base.css", "parts.css", "controls.css", "rules.css"];

const head = () => `<meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <link rel="icon" href="${ICON}" />
    ${STYLES.map((file) => `<link rel="stylesheet" href="./shared/${file}" />`).join("\n    ")}`;

/** @param {string} current the name of the page */
function masthead(current) {
  const link = (/** @type {import("../demo/shared/pages.mjs").Page} */ { name, title }) =>
    `<a id="to-${name}" href="./${name}.html"${name === current ? ' aria-current="page"' : ""}>${title}</a>`;
  return `<header class="masthead">
      <p class="brand"><a id="to-home" href="./"${current === HOME ? ' aria-current="page"' : ""}>webgpu-optim</a></p>
      <nav class="pages" aria-label="Pages">
        ${PAGES.map(link).join("\n        ")}
      </nav>
      <p class="adapter"><span class="label">GPU</span> <span id="adapter" data-testid="adapter">…</span></p>
    </header>`;
}

const notice = () => `<div id="notice" class="notice" role="alert" data-testid="notice" hidden>
        <p id="notice-text"></p>
        <button id="reload" class="button" type="button" hidden>Reload the page</button>
      </div>`;

const PROGRESS = `<div class="progress-text">
            <p id="status" data-testid="status" role="status">Looking for a GPU</p>
            <p id="progress-detail" class="numbers" data-testid="progress-detail"></p>
          </div>
          <div
            id="progress"
            class="progress"
            role="progressbar"
            aria-labelledby="status"
            aria-valuemin="0"
            aria-valuemax="100"
          >
            <div></div>
          </div>`;

/** A table with a row for each rule. */
const SIDE_BY_SIDE = `<section class="panel rule-table" aria-labelledby="results-heading">
          <h2 id="results-heading">Side by side</h2>
          <table id="results" data-testid="results"></table>
        </section>`;

/**
 * Curves of several rules.
 * @param {string} name of its elements
 * @param {string} title
 */
const chart = (name, title) => `<figure class="panel">
            <figcaption>
              <h2>${title}</h2>
              <ul id="${name}-legend" class="legend many"></ul>
            </figcaption>
            <div
              id="${name}-chart"
              class="chart"
              role="img"
              aria-label="${title} against steps; the latest values are in the table."
            ></div>
          </figure>`;

/** What several pages have, where they say so. */
const withPanels = (/** @type {string} */ html) =>
  html
    .replace("<!-- progress -->", PROGRESS)
    .replace("<!-- side by side -->", SIDE_BY_SIDE)
    .replace(/<!-- chart (\w+): (.*) -->/g, (_, name, title) => chart(name, title));

/** @returns {import("vite").Plugin} */
export function sharedShell() {
  return {
    name: "shared-shell",
    transformIndexHtml: {
      order: "pre",
      handler(html, { filename }) {
        const page = basename(filename, ".html");
        if (page !== HOME && !PAGES.some(({ name }) => name === page)) return html;
        const parts = { head: head(), masthead: masthead(page), notice: notice() };
        return Object.entries(parts).reduce((text, [name, part]) => {
          const mark = `<!-- ${name} -->`;
          if (!text.includes(mark)) throw new Error(`${filename} lacks the mark ${mark} of the shared shell`);
          return text.replace(mark, part);
        }, withPanels(html));
      },
    },
  };
}
