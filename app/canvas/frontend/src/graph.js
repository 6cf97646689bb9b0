// The graph as the canvas uses it: checked, without duplicates, with its neighbourhoods.

const SEPARATOR = "\u0001";

/** The key of an ordered pair: an edge, or a column of a node. */
export const pair = (first, second) => first + SEPARATOR + second;

/** The node of a column key. */
export const nodeOf = (key) => key.slice(0, key.indexOf(SEPARATOR));

/** The column of a column key; empty when the key stands for the whole node. */
export const columnOf = (key) => key.slice(key.indexOf(SEPARATOR) + 1);

const byText = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

function push(map, key, value) {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
}

/** The values of a multimap, or none. */
export const valuesOf = (map, key) => map.get(key) ?? [];

/**
 * Edges in a fixed order, each once, between known nodes; a loop of one node is kept apart.
 */
function distinctEdges(edges, nodes) {
  const found = new Map();
  for (const edge of edges) {
    const key = pair(edge.source, edge.target);
    if (nodes.has(edge.source) && nodes.has(edge.target) && !found.has(key)) found.set(key, edge);
  }
  const sorted = [...found.keys()].sort(byText).map((key) => found.get(key));
  return {
    edges: sorted.filter((edge) => edge.source !== edge.target),
    loops: sorted.filter((edge) => edge.source === edge.target),
  };
}

/**
 * Keys of the edges that close a cycle. Without them the graph has none.
 *
 * Depth first from the nodes that nothing feeds, then from the rest, so that the edge which leads
 * back is the one that a reader who comes from the left would call "back".
 */
export function backEdges(ids, edges) {
  const out = new Map();
  const fed = new Set();
  for (const { source, target } of edges) {
    push(out, source, target);
    fed.add(target);
  }
  const state = new Map(); // absent: not visited; 1: on the current path; 2: done
  const back = new Set();
  const roots = [...ids.filter((id) => !fed.has(id)), ...ids];
  for (const root of roots) {
    const path = state.has(root) ? [] : [{ id: root, next: 0 }];
    if (path.length) state.set(root, 1);
    while (path.length) {
      const step = path[path.length - 1];
      const target = valuesOf(out, step.id)[step.next++];
      if (target === undefined) state.set(path.pop().id, 2);
      else if (state.get(target) === 1) back.add(pair(step.id, target));
      else if (!state.has(target)) {
        state.set(target, 1);
        path.push({ id: target, next: 0 });
      }
    }
  }
  return back;
}

/**
 * The indexed graph of what Python sent:
 * `nodes` sorted by id and `byId`; `edges` and `loops`; `back`, keys of edges that close a cycle;
 * `up` and `down`, node → neighbours; `columnEdges`, and `columnsUp` and `columnsDown` over keys.
 */
export function indexGraph(data) {
  const byId = new Map(data.nodes.map((node) => [node.id, node]));
  const ids = [...byId.keys()].sort(byText);
  const { edges, loops } = distinctEdges(data.edges, byId);
  const graph = {
    nodes: ids.map((id) => byId.get(id)),
    byId,
    edges,
    loops,
    back: backEdges(ids, edges),
    up: new Map(),
    down: new Map(),
    columnEdges: [],
    columnsUp: new Map(),
    columnsDown: new Map(),
  };
  for (const { source, target } of edges) {
    push(graph.down, source, target);
    push(graph.up, target, source);
  }
  for (const edge of data.column_edges) addColumnEdge(graph, edge);
  return graph;
}

function addColumnEdge(graph, edge) {
  if (!graph.byId.has(edge.source) || !graph.byId.has(edge.target)) return;
  const from = pair(edge.source, edge.source_column);
  const to = pair(edge.target, edge.target_column);
  if (from === to || valuesOf(graph.columnsDown, from).includes(to)) return;
  graph.columnEdges.push({ from, to, via: graph.byId.has(edge.via) ? edge.via : null });
  push(graph.columnsDown, from, to);
  push(graph.columnsUp, to, from);
}
