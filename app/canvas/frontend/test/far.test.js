import assert from "node:assert/strict";
import { test } from "node:test";
import { farText } from "../src/far.js";
import { layout } from "../src/layout.js";
import { graph, sizesOf } from "./graphs.js";

function changed() {
  const indexed = graph("a>b a>c c>d");
  Object.assign(indexed.byId.get("a"), { impact: "origin" });
  Object.assign(indexed.byId.get("b"), { impact: "fails" });
  return { indexed, boxes: layout(indexed, sizesOf(indexed)).boxes };
}

const count = (text) => text.split("M").length - 1;

test("far out a card has the colour of its ring, on the path or not", () => {
  const { indexed, boxes } = changed();
  const texts = farText(indexed, boxes, { nodes: new Set(["a", "b", "c"]) });
  const counts = Object.fromEntries([...texts].map(([look, text]) => [look, count(text)]));
  assert.deepEqual(counts, { plain: 1, lit: 1, stale: 0, wrong: 0, fails: 1, origin: 1 });
});

test("without a path nothing is lit, and every card is drawn once", () => {
  const { indexed, boxes } = changed();
  const texts = farText(indexed, boxes, null);
  assert.equal(texts.get("lit"), "");
  assert.equal(count([...texts.values()].join("")), 4);
});

test("lines that all leave one card get more room to part", () => {
  const gap = (edges) => {
    const { boxes } = layout(graph(edges), sizesOf(graph(edges)));
    return boxes.get("t0").x - (boxes.get("s").x + boxes.get("s").width);
  };
  const fan = (size) => [...Array(size).keys()].map((i) => `s>t${i}`).join(" ");
  assert.ok(gap(fan(60)) > gap(fan(20)));
  assert.equal(gap(fan(2)), gap(fan(5)));
});
