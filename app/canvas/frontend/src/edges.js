// Edges as SVG path text. All edges of one look share one path element: thousands of sub-paths
// cost far less than thousands of elements.
import { columnOf, nodeOf, pair } from "./graph.js";
import { HEAD, rowMiddle } from "./sizes.js";

const ARROW = 8;
const LOOP = 26;

/** The looks, in the order they are painted; the style sheet has a class for each. */
export const LOOKS = [
  "edge",
  "edge-unsure",
  "edge-back",
  "column-edge",
  "edge-stale",
  "edge-wrong",
  "edge-fails",
  "edge-lit",
  "column-edge-lit",
];

/** A smooth line through points that leaves and arrives horizontally. */
export function curve(points) {
  let text = `M${points[0].x},${points[0].y}`;
  for (let i = 1; i < points.length; i++) {
    const from = points[i - 1];
    const to = points[i];
    const reach = Math.max(28, Math.abs(to.x - from.x) / 2);
    text += `C${from.x + reach},${from.y} ${to.x - reach},${to.y} ${to.x},${to.y}`;
  }
  return text;
}

/** A line that leaves to the right, passes below both boxes and comes back in from the left. */
export function loopBack(from, to) {
  const y1 = from.y + HEAD / 2;
  const y2 = to.y + HEAD / 2;
  const right = from.x + from.width;
  const left = to.x - ARROW;
  const below = Math.max(from.y + from.height, to.y + to.height) + LOOP / 2;
  return (
    `M${right},${y1}C${right + LOOP},${y1} ${right + LOOP},${below} ${right},${below}` +
    `L${to.x},${below}C${left - LOOP},${below} ${left - LOOP},${y2} ${left},${y2}`
  );
}

const arrow = (box) => `M${box.x},${box.y + HEAD / 2}l-${ARROW},-4.5v9z`;

function edgeLine(edge, { boxes, bends }, back) {
  const from = boxes.get(edge.source);
  const to = boxes.get(edge.target);
  if (back) return loopBack(from, to);
  return curve([
    { x: from.x + from.width, y: from.y + HEAD / 2 },
    ...(bends.get(pair(edge.source, edge.target)) ?? []),
    { x: to.x - ARROW / 2, y: to.y + HEAD / 2 },
  ]);
}

/** The look of an edge: lit, else the ring it carries, else back or unsure, else plain. */
function edgeLook(edge, graph, path, back) {
  if (path?.hasEdge(edge)) return "edge-lit";
  const carried = graph.byId.get(edge.target).impact;
  if (carried && carried !== "origin" && graph.byId.get(edge.source).impact) {
    return `edge-${carried}`;
  }
  if (back) return "edge-back";
  return edge.band === "certain" ? "edge" : "edge-unsure";
}

/** A column edge, by way of the card of its job where that is shown. */
function columnLine({ from, to, via }, placement) {
  const { boxes, shown } = placement;
  const source = boxes.get(nodeOf(from));
  const target = boxes.get(nodeOf(to));
  const job = via && boxes.get(via);
  const height = (key) => rowMiddle(shown.get(nodeOf(key)), columnOf(key)) ?? HEAD / 2;
  const start = { x: source.x + source.width, y: source.y + height(from) };
  const end = { x: target.x - ARROW / 2, y: target.y + height(to) };
  // A job that stands elsewhere (it closes a cycle) would draw the line across the whole picture.
  if (!job || job.x < start.x || job.x + job.width > target.x) return curve([start, end]);
  const y = job.y + HEAD / 2;
  return curve([start, { x: job.x, y }]) + curve([{ x: job.x + job.width, y }, end]);
}

/**
 * Path text by look, and the text of the arrow tips: {lines: look → text, tips, tipsLit}.
 *
 * `placement`: boxes, bends and `shown` (id → shown columns); `path`: the highlight or null;
 * `isOpen(id)`: whether the card lists its columns.
 */
export function drawEdges(graph, placement, path, isOpen) {
  const lines = new Map(LOOKS.map((look) => [look, []]));
  const tips = [];
  const tipsLit = [];
  for (const edge of [...graph.edges, ...graph.loops]) {
    const back = edge.source === edge.target || graph.back.has(pair(edge.source, edge.target));
    const look = edgeLook(edge, graph, path, back);
    lines.get(look).push(edgeLine(edge, placement, back));
    (look === "edge-lit" ? tipsLit : tips).push(arrow(placement.boxes.get(edge.target)));
  }
  for (const edge of graph.columnEdges) {
    const lit = path?.hasColumnEdge(edge);
    const plain = !path?.columns && isOpen(nodeOf(edge.from)) && isOpen(nodeOf(edge.to));
    if (lit) lines.get("column-edge-lit").push(columnLine(edge, placement));
    else if (plain) lines.get("column-edge").push(columnLine(edge, placement));
  }
  return { lines, tips: tips.join(""), tipsLit: tipsLit.join("") };
}
