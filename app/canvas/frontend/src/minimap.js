// The small map in the corner: where in the picture the stage is. Hidden when all is in view.

import { addLooks, drawFar } from "./far.js";

const EDGE = 60;

export class Minimap {
  /** `onMove({x, y})` is called with the point of the picture that was pressed. */
  constructor(root, onMove, signal) {
    this.root = root;
    this.svg = root.querySelector("svg");
    this.nodes = root.querySelector(".map-nodes");
    addLooks(this.nodes);
    this.window = root.querySelector(".map-window");
    const move = (event) => {
      if (event.type === "pointermove" && !event.buttons) return;
      const inverse = this.svg.getScreenCTM().inverse();
      onMove(new DOMPoint(event.clientX, event.clientY).matrixTransform(inverse));
    };
    this.svg.addEventListener("pointerdown", move, { signal });
    this.svg.addEventListener("pointermove", move, { signal });
  }

  /** Draws the picture anew; `texts`: of its cards, by look. */
  draw(bounds, texts) {
    const { left, top, right, bottom } = bounds;
    const area = [left - EDGE, top - EDGE, right - left + 2 * EDGE, bottom - top + 2 * EDGE];
    this.svg.setAttribute("viewBox", area.join(" "));
    drawFar(this.nodes, texts);
  }

  /** Shows what is in view. */
  follow(viewport, bounds) {
    const seen = viewport.visible();
    this.root.hidden =
      seen.left <= bounds.left &&
      seen.top <= bounds.top &&
      seen.right >= bounds.right &&
      seen.bottom >= bounds.bottom;
    this.window.setAttribute("x", seen.left);
    this.window.setAttribute("y", seen.top);
    this.window.setAttribute("width", seen.right - seen.left);
    this.window.setAttribute("height", seen.bottom - seen.top);
  }
}
