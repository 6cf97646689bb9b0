// Graphs the tests share: built from short texts such as "a>b b>c", and random ones by seed.
import { indexGraph } from "../src/graph.js";

const node = (id) => ({ id, name: id, context: "", kind: "table" });

/** What Python sends for edges written as "a>b"; columns as "a.x>b.y" or "a.x>b" or "a.x>j>b.y". */
export function data(edgeText, columnText = "") {
  const edges = words(edgeText).map((word) => {
    const [source, target] = word.split(">");
    return { source, target, band: "certain" };
  });
  const ids = new Set(edges.flatMap(({ source, target }) => [source, target]));
  return { nodes: [...ids].map(node), edges, column_edges: words(columnText).map(columnEdge) };
}

export const graph = (edgeText, columnText) => indexGraph(data(edgeText, columnText));

function columnEdge(word) {
  const parts = word.split(">");
  const [source, sourceColumn] = parts[0].split(".");
  const [target, targetColumn = ""] = parts.at(-1).split(".");
  const via = parts.length === 3 ? parts[1] : "";
  return { source, source_column: sourceColumn, target, target_column: targetColumn, via };
}

const words = (text) => text.split(" ").filter(Boolean);

/** A repeatable sequence of numbers in 0 to 1. */
function randoms(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/** Edge text of a random graph; `cyclic`: edges may lead anywhere, also to themselves. */
export function randomEdges({ seed, nodes, edges, cyclic }) {
  const next = randoms(seed);
  const pick = () => Math.floor(next() * nodes);
  const found = [];
  while (found.length < edges) {
    const [a, b] = [pick(), pick()];
    if (cyclic) found.push(`n${a}>n${b}`);
    else if (a !== b) found.push(`n${Math.min(a, b)}>n${Math.max(a, b)}`);
  }
  return found.join(" ");
}

/** Sizes by id: cards of several heights. */
export const sizesOf = ({ nodes }) =>
  new Map(nodes.map(({ id }, index) => [id, { width: 232, height: 58 + 24 * (index % 5) }]));
