import assert from "node:assert/strict";
import { test } from "node:test";
import { drawEdges } from "../src/edges.js";
import { neighbour } from "../src/keyboard.js";
import { layout } from "../src/layout.js";
import { cardSize, FIRST_COLUMNS, rowMiddle, shownColumns } from "../src/sizes.js";
import { Viewport } from "../src/viewport.js";
import { graph, sizesOf } from "./graphs.js";

const never = () => false;
const columns = (count) => [...Array(count).keys()].map((i) => ({ name: `c${i}`, type: "int" }));
const table = (count) => ({ id: "t", kind: "table", columns: columns(count) });

test("a closed card shows only the columns on the path", () => {
  const { columns: shown } = shownColumns(table(9), undefined, (name) => name === "c7");
  assert.deepEqual(shown, [{ name: "c7", type: "int" }]);
});

test("an open card of many columns keeps some back, but none on the path", () => {
  const many = shownColumns(table(200), "first", (name) => name === "c199");
  assert.equal(many.columns.length, FIRST_COLUMNS + 1);
  assert.equal(many.hidden, 200 - FIRST_COLUMNS - 1);
  assert.equal(shownColumns(table(200), "all", never).columns.length, 200);
});

test("every shown row lies inside its card", () => {
  const shown = shownColumns(table(30), "first", never);
  const { height } = cardSize(table(30), shown);
  for (const { name } of shown.columns) assert.ok(rowMiddle(shown, name) < height);
  assert.equal(rowMiddle(shown, "c29"), null);
});

function drawn(edges, columnEdges, path) {
  const indexed = graph(edges, columnEdges);
  const shown = new Map(indexed.nodes.map(({ id }) => [id, { columns: [], hidden: 0 }]));
  const placement = { ...layout(indexed, sizesOf(indexed)), shown };
  return drawEdges(indexed, placement, path, () => true);
}

test("a self-loop and an edge that closes a cycle are drawn as such, without NaN", () => {
  const { lines, tips } = drawn("a>a a>b b>a", "a.x>b.x", null);
  assert.equal(lines.get("edge-back").length, 2);
  assert.equal(lines.get("edge").length, 1);
  assert.doesNotMatch([...lines.values()].flat().join("") + tips, /NaN|undefined/);
});

test("a lit edge has the look of the path and no other", () => {
  const path = { columns: null, hasEdge: () => true, hasColumnEdge: never };
  const { lines } = drawn("a>b", "", path);
  assert.deepEqual([lines.get("edge-lit").length, lines.get("edge").length], [1, 0]);
});

const bounds = { left: 0, top: 0, right: 4000, bottom: 900 };
const box = { x: 2000, y: 400, width: 232, height: 82 };

function stage() {
  const viewport = new Viewport();
  viewport.resize(1000, 600);
  return viewport;
}

test("zoom keeps the point under the pointer", () => {
  const viewport = stage();
  const before = viewport.toPicture(300, 200);
  viewport.zoom(1.7, 300, 200);
  const after = viewport.toPicture(300, 200);
  assert.ok(Math.hypot(before.x - after.x, before.y - after.y) < 1e-9);
});

test("fit shows everything, a wide picture opens readable on its focus", () => {
  const viewport = stage();
  viewport.fit(bounds);
  assert.ok(viewport.contains({ x: 0, y: 0, width: 4000, height: 900 }));
  viewport.open(bounds, box);
  assert.ok(viewport.scale >= 0.7);
  assert.ok(viewport.contains(box));
});

test("the picture cannot be dragged out of sight", () => {
  const viewport = stage();
  for (const [x, y] of [[-1e6, -1e6], [1e6, 1e6]]) {
    viewport.panTo(x, y, bounds);
    const seen = viewport.visible();
    assert.ok(seen.left < bounds.right && seen.right > bounds.left);
    assert.ok(seen.top < bounds.bottom && seen.bottom > bounds.top);
  }
});

test("a card that is followed stays where it was on the screen", () => {
  const viewport = stage();
  viewport.zoom(0.8);
  const screen = ({ x, y }) => [x * viewport.scale + viewport.x, y * viewport.scale + viewport.y];
  const [before] = [screen(box)];
  viewport.follow(box, { ...box, x: 700, y: -90 });
  const after = screen({ x: 700, y: -90 });
  assert.ok(Math.hypot(before[0] - after[0], before[1] - after[1]) < 1e-9);
});

test("arrow keys follow the edges and the layer, and end at the rim", () => {
  const indexed = graph("a>b a>c b>d");
  const { boxes } = layout(indexed, sizesOf(indexed));
  const [upper, lower] = ["b", "c"].sort((p, q) => boxes.get(p).y - boxes.get(q).y);
  assert.equal(neighbour("ArrowRight", "a", indexed, boxes), upper);
  assert.equal(neighbour("ArrowDown", upper, indexed, boxes), lower);
  assert.equal(neighbour("ArrowUp", lower, indexed, boxes), upper);
  assert.equal(neighbour("ArrowLeft", "d", indexed, boxes), "b");
  assert.equal(neighbour("ArrowLeft", "a", indexed, boxes), undefined);
});

test("an arrow key to the left never goes right, along an edge that leads back", () => {
  const indexed = graph("a>b b>a");
  const { boxes } = layout(indexed, sizesOf(indexed));
  assert.equal(neighbour("ArrowLeft", "a", indexed, boxes), undefined);
  assert.equal(neighbour("ArrowLeft", "b", indexed, boxes), "a");
});
