// The module that scripts/moby-dick-plugin.mjs writes.
declare module "virtual:moby-dick" {
  /** The address of the book's text. */
  const url: string;
  export default url;
}
