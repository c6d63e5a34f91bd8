// Rows against each other: shares of the limit, and how many times faster. Like is compared with like: the same rule,
// size and way of timing. Must not know who shows it.

/**
 * @typedef {import("./rows").Row} Row
 * @typedef {import("./options.mjs").SubjectName} SubjectName
 */

/**
 * The row of another subject that a row is to be compared with. Libraries have no arena: an arena of the package is
 * compared with their separate tensors.
 * @param {readonly Row[]} rows
 * @param {Row} row
 * @param {SubjectName} subject
 * @returns {Row | undefined}
 */
export function counterpart(rows, row, subject) {
  const alike = rows.filter(
    (other) =>
      other.subject === subject &&
      other.rule === row.rule &&
      other.parameters === row.parameters &&
      other.tensors === row.tensors &&
      other.timing === row.timing,
  );
  return alike.find(({ layout }) => layout === row.layout) ?? alike[0];
}

/**
 * The part of the limit's speed that a row reaches: 1 is the speed of the streaming kernel.
 * @param {readonly Row[]} rows
 * @param {Row} row
 */
export function shareOfLimit(rows, row) {
  if (row.subject === "streaming") return undefined;
  const limit = rows.find(
    (other) =>
      other.subject === "streaming" &&
      other.rule === row.rule &&
      other.parameters === row.parameters &&
      other.tensors === row.tensors &&
      other.layout === row.layout &&
      other.timing === row.timing,
  );
  return limit && limit.medianMs / row.medianMs;
}

/**
 * How many times as fast as another subject a row is.
 * @param {readonly Row[]} rows
 * @param {Row} row
 * @param {SubjectName} subject
 */
export function timesFaster(rows, row, subject) {
  const other = row.subject === subject ? undefined : counterpart(rows, row, subject);
  return other && other.medianMs / row.medianMs;
}

/**
 * Bytes moved per second, in gigabytes, if a row's step moves each byte once.
 * @param {Row} row
 */
export const gigabytesPerSecond = ({ parameters, bytesPerParameter, medianMs }) =>
  (parameters * bytesPerParameter) / (medianMs * 1e6);
