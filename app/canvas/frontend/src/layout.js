// Where cards stand: layers from left to right, by dagre; every edge goes right, save those that
// close a cycle.
import * as dagreModule from "@dagrejs/dagre";
import { pair } from "./graph.js";

const dagre = dagreModule.default ?? dagreModule;

export const GAP_X = 84;
export const GAP_Y = 18;
const FEW = 6; // lines that meet in a card, from which on they need more room to part
const MOST_GAP_X = 300;

/** The gap between two layers: lines that all leave one card would else run on top of each other. */
function gapFor(edges) {
  const lines = new Map();
  for (const { source, target } of edges) {
    for (const end of [`>${source}`, `<${target}`]) lines.set(end, (lines.get(end) ?? 0) + 1);
  }
  const most = Math.max(0, ...lines.values());
  return Math.min(MOST_GAP_X, GAP_X + 4 * Math.max(0, most - FEW));
}

function dagreGraph(nodes, edges, back, sizes, gap) {
  const graph = new dagre.graphlib.Graph();
  // tight-tree: as few crossings as network-simplex on real graphs, in a third of the time.
  graph.setGraph({
    rankdir: "LR",
    ranksep: gap,
    nodesep: GAP_Y,
    edgesep: 12,
    ranker: "tight-tree",
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id } of nodes) graph.setNode(id, { ...sizes.get(id) });
  for (const { source, target } of edges) {
    if (!back.has(pair(source, target))) graph.setEdge(source, target);
  }
  return graph;
}

/**
 * The layout of an indexed graph, given `sizes` (id → {width, height}):
 * `boxes`, id → {x, y, width, height} with x, y the upper left corner;
 * `bends`, edge key → points to pass, for edges that skip a layer;
 * `bounds`, {left, top, right, bottom} of all boxes.
 */
export function layout({ nodes, edges, back }, sizes) {
  const gap = gapFor(edges);
  const graph = dagreGraph(nodes, edges, back, sizes, gap);
  dagre.layout(graph);
  const boxes = new Map();
  for (const { id } of nodes) {
    const { x, y, width, height } = graph.node(id);
    boxes.set(id, { x: x - width / 2, y: y - height / 2, width, height });
  }
  const bends = new Map();
  for (const edge of graph.edges()) {
    const from = boxes.get(edge.v);
    const to = boxes.get(edge.w);
    const skipsLayer = to.x - (from.x + from.width) > gap * 1.6;
    if (skipsLayer) bends.set(pair(edge.v, edge.w), graph.edge(edge).points.slice(1, -1));
  }
  return { boxes, bends, bounds: boundsOf(boxes.values()) };
}

/** The smallest rectangle around all boxes; a point for none. */
export function boundsOf(boxes) {
  const all = [...boxes];
  if (!all.length) return { left: 0, top: 0, right: 0, bottom: 0 };
  return {
    left: Math.min(...all.map((box) => box.x)),
    top: Math.min(...all.map((box) => box.y)),
    right: Math.max(...all.map((box) => box.x + box.width)),
    bottom: Math.max(...all.map((box) => box.y + box.height)),
  };
}
