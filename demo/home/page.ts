// The front page: a card for each demo. Must not know how a demo works.
import { byId, element } from "../shared/dom";
import { PAGES } from "../shared/pages.mjs";

byId("cards").append(
  ...PAGES.map(({ name, title, sentence }) => {
    const link = element("a", title);
    link.href = `./${name}.html`;
    return element("li", element("h2", link), element("p", sentence));
  }),
);
