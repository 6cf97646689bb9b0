// The DOM of one card. Names come from logs: they enter as text only, never as markup.
import { valuesOf } from "./graph.js";
import { glyph } from "./glyphs.js";
import { hasColumns } from "./sizes.js";

const LONG = 24; // characters that surely fit on a card
const TAIL = 9; // of a longer name, so many last characters always show

/** What an impact is called on a card. */
export const RINGS = {
  origin: "change",
  fails: "fails",
  wrong: "changes silently",
  stale: "gets stale",
};

/** An element with a class and a text. */
export function element(tag, className, text = "") {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

function button(className, text, label) {
  const node = element("button", className, text);
  node.type = "button";
  if (label) node.setAttribute("aria-label", label);
  return node;
}

/** A name that, when too long, loses its middle: names often differ only at the end. */
function nameLine(className, name, title = name) {
  const line = element("div", className);
  line.dir = "auto";
  line.title = title;
  const characters = [...name];
  const cut = characters.length > LONG ? characters.length - TAIL : characters.length;
  line.append(element("span", "name-start", characters.slice(0, cut).join("")));
  if (cut < characters.length) {
    line.append(element("span", "name-end", characters.slice(cut).join("")));
  }
  return line;
}

/** 1234 as "1.2k". */
export function shortCount(count) {
  if (count < 1000) return String(count);
  return count < 1e6 ? `${(count / 1e3).toFixed(1)}k` : `${(count / 1e6).toFixed(1)}M`;
}

function countReads(reads) {
  if (reads === undefined || reads === null) return "";
  return reads ? `${shortCount(reads)} ${reads === 1 ? "read" : "reads"}` : "no reads";
}

function badge(node) {
  if (node.status) return element("span", "badge status", node.status);
  if (node.owner === "") return element("span", "badge unowned", "no owner");
  if (!node.owner) return "";
  const owner = element("span", "owner", node.owner.slice(0, 2).toUpperCase());
  owner.title = `Owner: ${node.owner}`;
  return owner;
}

/** What a screen reader says of a card. */
export function spoken(node, graph) {
  const up = valuesOf(graph.up, node.id).length + (node.more_up ?? 0);
  const down = valuesOf(graph.down, node.id).length + (node.more_down ?? 0);
  const owner = node.owner === "" ? "no owner" : node.owner && `owner ${node.owner}`;
  return [
    node.name,
    `${node.kind}, ${node.context}`,
    owner,
    node.status,
    node.impact && RINGS[node.impact],
    countReads(node.reads),
    `${up} upstream`,
    `${down} downstream`,
  ]
    .filter(Boolean)
    .join(", ");
}

function head(node, graph) {
  const part = button("head", "", spoken(node, graph));
  part.dataset.control = "head";
  const icon = element("span", "icon");
  icon.append(glyph(node.kind));
  const names = element("div", "names");
  const context = element("div", "context", node.context);
  context.title = node.context;
  if (!hasColumns(node) && node.reads) {
    context.textContent += ` · ${countReads(node.reads)}`;
  }
  const below = element("div", "below");
  if (node.impact) below.append(element("span", "badge ring", RINGS[node.impact]));
  below.append(context);
  names.append(nameLine("name", node.name, node.title), below);
  part.append(icon, names, badge(node));
  return part;
}

function foot(node, isOpen) {
  const count = node.columns?.length ?? 0;
  const words = count ? `${count} ${count === 1 ? "column" : "columns"}` : "columns unknown";
  const part = button("foot", "");
  part.dataset.control = "columns";
  part.disabled = !count;
  part.setAttribute("aria-expanded", String(isOpen));
  part.append(
    element("span", count ? "fold" : "", words),
    element("span", node.reads === 0 ? "reads none" : "reads", countReads(node.reads)),
  );
  return part;
}

function columnRow(node, column) {
  const row = button("column", "", `Column ${column.name} ${column.type ?? ""}`);
  row.dataset.control = `column ${column.name}`;
  row.dataset.column = column.name;
  row.dataset.testid = `column-${node.id}-${column.name}`;
  row.append(nameLine("column-name", column.name), element("span", "type", column.type));
  return row;
}

function columnList(node, { columns, hidden }) {
  const list = element("div", "columns");
  list.append(...columns.map((column) => columnRow(node, column)));
  if (hidden) {
    const rest = button("column rest", `show ${hidden} more`);
    rest.dataset.control = "rest";
    list.append(rest);
  }
  return list;
}

function hop(node, direction, count) {
  const label = `Show ${count} more ${direction}stream of ${node.name}`;
  const part = button(`hop ${direction}`, `+${shortCount(count)}`, label);
  part.title = label;
  part.dataset.control = direction;
  part.dataset.testid = `hop-${direction}-${node.id}`;
  return part;
}

/** The card of a node that shows those columns; `isOpen`: its list was opened by hand. */
export function card(node, graph, shown, isOpen) {
  const root = element("div", "card");
  root.dataset.id = node.id;
  root.dataset.testid = `card-${node.id}`;
  root.dataset.kind = node.kind;
  if (node.impact) root.dataset.impact = node.impact;
  root.append(head(node, graph));
  if (hasColumns(node)) root.append(foot(node, isOpen));
  if (shown.columns.length || shown.hidden) root.append(columnList(node, shown));
  if (node.more_up) root.append(hop(node, "up", node.more_up));
  if (node.more_down) root.append(hop(node, "down", node.more_down));
  return root;
}

/** Moves a card to its box. */
export function place(root, box) {
  root.style.cssText =
    `left:${box.x}px;top:${box.y}px;width:${box.width}px;height:${box.height}px`;
}

/**
 * Shows on a card what is selected, lit and current. Only the current card is a tab stop; the
 * arrow keys move to the others.
 */
export function mark(root, { isFocus, isCurrent, selection, path, litColumn }) {
  const id = root.dataset.id;
  const isSelected = selection?.id === id;
  root.classList.toggle("focus", isFocus);
  root.classList.toggle("selected", isSelected);
  root.classList.toggle("dim", Boolean(path) && !path.nodes.has(id));
  root.classList.toggle("lit", Boolean(path) && path.nodes.has(id));
  root.querySelector(".head").setAttribute("aria-pressed", String(isSelected));
  for (const control of root.querySelectorAll("button")) control.tabIndex = isCurrent ? 0 : -1;
  for (const row of root.querySelectorAll("[data-column]")) {
    row.classList.toggle("lit", litColumn(row.dataset.column));
    row.classList.toggle("selected", isSelected && selection.column === row.dataset.column);
  }
}
