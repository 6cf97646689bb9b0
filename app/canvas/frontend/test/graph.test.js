import assert from "node:assert/strict";
import { test } from "node:test";
import { backEdges, indexGraph, pair } from "../src/graph.js";
import { pathThrough, reach } from "../src/path.js";
import { data, graph, randomEdges } from "./graphs.js";

const sorted = (set) => [...set].sort();

test("an edge given twice counts once, a self-loop is kept apart", () => {
  const { edges, loops } = graph("a>b a>b a>a");
  assert.equal(edges.length, 1);
  assert.equal(loops.length, 1);
});

test("edges and column edges that lead to an unknown node are dropped", () => {
  const sent = data("a>b", "a.x>b.x");
  sent.nodes = sent.nodes.filter(({ id }) => id === "a");
  const { edges, columnEdges } = indexGraph(sent);
  assert.deepEqual([edges, columnEdges], [[], []]);
});

test("without its back edges a graph has no cycle", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { edges, nodes } = graph(randomEdges({ seed, nodes: 30, edges: 90, cyclic: true }));
    const ids = nodes.map(({ id }) => id);
    const back = backEdges(ids, edges);
    const rest = edges.filter(({ source, target }) => !back.has(pair(source, target)));
    const down = new Map();
    for (const { source, target } of rest) {
      down.set(source, [...(down.get(source) ?? []), target]);
    }
    for (const { source, target } of rest) assert.ok(!reach(target, down).has(source));
  }
});

test("the edge that leads back to the source side is the back edge", () => {
  assert.deepEqual([...graph("src>a a>b b>a b>out").back], [pair("b", "a")]);
});

test("the path of a node holds what it comes from and what comes from it, round a cycle too", () => {
  assert.deepEqual(sorted(pathThrough(graph("a>b b>c x>c"), "b").nodes), ["a", "b", "c"]);
  assert.deepEqual(sorted(pathThrough(graph("a>b b>a c>d"), "a").nodes), ["a", "b"]);
});

test("an edge that leads round the selected node is not on its path", () => {
  const path = pathThrough(graph("a>b b>c a>c"), "b");
  assert.equal(path.hasEdge({ source: "a", target: "b" }), true);
  assert.equal(path.hasEdge({ source: "a", target: "c" }), false);
});

test("the path of a column holds its columns, their nodes, and the jobs between", () => {
  const indexed = graph("a>j j>b b>dash a>k", "a.x>j>b.y b.y>dash a.z>k");
  const path = pathThrough(indexed, "b", "y");
  assert.deepEqual(sorted(path.nodes), ["a", "b", "dash", "j"]);
  assert.deepEqual(sorted(path.columns), [pair("a", "x"), pair("b", "y"), pair("dash", "")]);
  assert.equal(path.hasColumnEdge({ from: pair("a", "z"), to: pair("k", "") }), false);
});

test("column paths end on a cycle of columns", () => {
  const path = pathThrough(graph("a>b b>a", "a.x>b.x b.x>a.x"), "a", "x");
  assert.deepEqual(sorted(path.columns), [pair("a", "x"), pair("b", "x")]);
});
