// The pages of the gallery, in the order of the navigation: a page joins it by an entry here and an HTML file of that
// name. Plain JavaScript, because the build (node) and the front page (browser) both read it. Must not touch the DOM.

/**
 * @typedef {object} Page
 * @property {string} name of its file, without `.html`
 * @property {string} title
 * @property {string} sentence what it is, for the front page
 */

/** The front page's name, which is not in the list. */
export const HOME = "index";

/** @type {readonly Page[]} */
export const PAGES = [
  {
    name: "landscapes",
    title: "Landscapes",
    sentence:
      "Ten rules race down the same hill, and a hundred thousand points of each look for the minimum.",
  },
  {
    name: "belief",
    title: "Belief",
    sentence:
      "One parameter under the microscope: what Adam and AdaBelief make of the gradients that you shape.",
  },
  {
    name: "digits",
    title: "Digits",
    sentence: "Networks learn to read handwriting, one for each rule, their weights never leaving the GPU.",
  },
  {
    name: "language",
    title: "Language",
    sentence: "LSTM layers learn to write like Moby-Dick, and show what they have learned as they do.",
  },
  {
    name: "gan",
    title: "GAN",
    sentence: "Pairs of networks learn to draw digits by contest: the test of a rule’s stability.",
  },
  {
    name: "picture",
    title: "Fit a picture",
    sentence: "A thousand soft blobs learn to be a picture: Adam beside AdaBelief, from the same start.",
  },
  {
    name: "conformance",
    title: "Conformance",
    sentence: "Every rule and every option, proven on your own GPU against a float64 reference.",
  },
  {
    name: "benchmark",
    title: "Benchmark",
    sentence:
      "How fast a step is on your own GPU, beside the limit of its memory and beside other libraries.",
  },
];
