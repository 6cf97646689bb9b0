// What a key means on a card, and which card is next in a direction.
import { valuesOf } from "./graph.js";
import { WIDTH } from "./sizes.js";

/** The uppermost of the neighbours on that side, or undefined; edges that lead back are none. */
function alongEdge(id, neighbours, boxes, direction) {
  const isAhead = (other) => (boxes.get(other).x - boxes.get(id).x) * direction > 0;
  const ahead = valuesOf(neighbours, id).filter(isAhead);
  return ahead.sort((a, b) => boxes.get(a).y - boxes.get(b).y)[0];
}

/** The nearest card above (-1) or below (1) in the same layer, or undefined. */
function inLayer(id, boxes, direction) {
  const from = boxes.get(id);
  const ahead = [...boxes].filter(
    ([other, box]) =>
      other !== id && Math.abs(box.x - from.x) < WIDTH / 2 && (box.y - from.y) * direction > 0,
  );
  ahead.sort(([, a], [, b]) => (a.y - b.y) * direction);
  return ahead[0]?.[0];
}

/** The card that an arrow key leads to, or undefined. Left and right follow the edges. */
export function neighbour(key, id, graph, boxes) {
  if (key === "ArrowRight") return alongEdge(id, graph.down, boxes, 1);
  if (key === "ArrowLeft") return alongEdge(id, graph.up, boxes, -1);
  if (key === "ArrowDown") return inLayer(id, boxes, 1);
  if (key === "ArrowUp") return inLayer(id, boxes, -1);
  return undefined;
}

const COMMANDS = { Escape: "clear", c: "columns", o: "open", "+": "in", "-": "out", f: "fit" };

/** The command of a key: clear, columns, open, in, out or fit; undefined for other keys. */
export function command(event) {
  return event.ctrlKey || event.metaKey || event.altKey ? undefined : COMMANDS[event.key];
}
