// What a selection lights: everything it comes from, and everything that comes from it.
import { nodeOf, pair, valuesOf } from "./graph.js";

/** Everything reached from `start` over `neighbours`, `start` included; cycles end. */
export function reach(start, neighbours) {
  const found = new Set([start]);
  const open = [start];
  while (open.length) {
    for (const next of valuesOf(neighbours, open.pop())) {
      if (!found.has(next)) {
        found.add(next);
        open.push(next);
      }
    }
  }
  return found;
}

const within = (side, from, to) => side.has(from) && side.has(to);

/** The highlight of a whole node: its nodes, and a test of edges. */
function nodePath(graph, id) {
  const up = reach(id, graph.up);
  const down = reach(id, graph.down);
  return {
    nodes: new Set([...up, ...down]),
    columns: null,
    // An edge that leads round the selected node, from its sources to its readers, stays dark.
    hasEdge: ({ source, target }) => within(up, source, target) || within(down, source, target),
    hasColumnEdge: () => false,
  };
}

/** The highlight of one column: its column keys, their nodes, and the jobs between them. */
function columnPath(graph, id, column) {
  const start = pair(id, column);
  const up = reach(start, graph.columnsUp);
  const down = reach(start, graph.columnsDown);
  const columns = new Set([...up, ...down]);
  const hasColumnEdge = ({ from, to }) => within(up, from, to) || within(down, from, to);
  const nodes = new Set([...columns].map(nodeOf));
  for (const edge of graph.columnEdges) {
    if (edge.via && hasColumnEdge(edge)) nodes.add(edge.via);
  }
  return { nodes, columns, hasEdge: () => false, hasColumnEdge };
}

/**
 * The path through a node, or through one of its columns:
 * `nodes`, a set of ids; `columns`, a set of column keys, or null for a whole node;
 * `hasEdge(edge)` and `hasColumnEdge(edge)`.
 */
export function pathThrough(graph, id, column) {
  return column ? columnPath(graph, id, column) : nodePath(graph, id);
}
