// Measures of a card and of its column list; the style sheet has the same figures.

export const WIDTH = 232;
export const HEAD = 58;
export const FOOT = 24;
export const ROW = 24;
const PADDING = 6;

/** How many columns an open card lists before it asks whether to list all. */
export const FIRST_COLUMNS = 12;

const WITH_COLUMNS = new Set(["table", "view", "topic", "file"]);

/** Whether cards of that kind have a column list. */
export const hasColumns = (node) => WITH_COLUMNS.has(node.kind);

/**
 * The columns a card shows, and how many it keeps back.
 *
 * `openness`: undefined for a closed card, "first" or "all". `lit(column)`: on the highlighted
 * path; a closed card shows only those.
 */
export function shownColumns(node, openness, lit) {
  const columns = node.columns ?? [];
  if (!openness) return { columns: columns.filter((column) => lit(column.name)), hidden: 0 };
  if (openness === "all") return { columns, hidden: 0 };
  const shown = columns.filter((column, index) => index < FIRST_COLUMNS || lit(column.name));
  return { columns: shown, hidden: columns.length - shown.length };
}

/** The {width, height} of a card that shows those columns. */
export function cardSize(node, { columns, hidden }) {
  const rows = columns.length + (hidden ? 1 : 0);
  const list = rows ? rows * ROW + PADDING : 0;
  return { width: WIDTH, height: HEAD + (hasColumns(node) ? FOOT : 0) + list };
}

/** The middle of a column's row, from the top of its card; null when the row is not shown. */
export function rowMiddle({ columns }, name) {
  const index = columns.findIndex((column) => column.name === name);
  return index < 0 ? null : HEAD + FOOT + index * ROW + ROW / 2;
}
