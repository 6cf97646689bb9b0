import assert from "node:assert/strict";
import { test } from "node:test";
import { indexGraph, pair } from "../src/graph.js";
import { layout } from "../src/layout.js";
import { data, graph, randomEdges, sizesOf } from "./graphs.js";

const SHAPES = {
  "one edge": "a>b",
  "a diamond": "a>b a>c b>d c>d",
  "an edge that skips layers": "a>b b>c c>d a>d",
  "two parts": "a>b c>d",
  "a cycle": "a>b b>c c>a",
  "a cycle behind a source": "s>a a>b b>a b>t",
  "a self-loop": "a>a a>b",
  "an edge given twice": "a>b a>b b>a",
  "a chain of 400": [...Array(400).keys()].map((i) => `n${i}>n${i + 1}`).join(" "),
  "40 nodes": randomEdges({ seed: 1, nodes: 40, edges: 60, cyclic: false }),
  "150 nodes": randomEdges({ seed: 2, nodes: 150, edges: 260, cyclic: false }),
  "60 nodes with cycles": randomEdges({ seed: 3, nodes: 60, edges: 140, cyclic: true }),
};

const arrange = (indexed) => layout(indexed, sizesOf(indexed));

function overlap(a, b) {
  const beside = a.x + a.width <= b.x || b.x + b.width <= a.x;
  const beyond = a.y + a.height <= b.y || b.y + b.height <= a.y;
  return !beside && !beyond;
}

for (const [name, edges] of Object.entries(SHAPES)) {
  test(`${name}: no card covers another`, () => {
    const boxes = [...arrange(graph(edges)).boxes.entries()];
    for (const [i, [first, a]] of boxes.entries()) {
      for (const [second, b] of boxes.slice(i + 1)) {
        assert.ok(!overlap(a, b), `${first} covers ${second}`);
      }
    }
  });

  test(`${name}: edges go right, save those that close a cycle`, () => {
    const indexed = graph(edges);
    const { boxes } = arrange(indexed);
    for (const { source, target } of indexed.edges) {
      const isBack = indexed.back.has(pair(source, target));
      const right = boxes.get(target).x >= boxes.get(source).x + boxes.get(source).width;
      assert.equal(right, !isBack, `${source} > ${target}`);
    }
  });

  test(`${name}: the layout does not depend on the order of nodes and edges`, () => {
    const sent = data(edges);
    const turned = {
      ...sent,
      nodes: [...sent.nodes].reverse(),
      edges: [...sent.edges].reverse(),
    };
    assert.deepEqual(arrange(indexGraph(sent)), arrange(indexGraph(turned)));
  });
}

test("bends lie between the two cards that the edge joins", () => {
  const indexed = graph(SHAPES["150 nodes"]);
  const { boxes, bends } = arrange(indexed);
  assert.ok(bends.size > 0);
  for (const { source, target } of indexed.edges) {
    for (const { x } of bends.get(pair(source, target)) ?? []) {
      assert.ok(x >= boxes.get(source).x && x <= boxes.get(target).x + boxes.get(target).width);
    }
  }
});
