// Wheel and drag on the stage. The page keeps scrolling over the canvas until someone clicks into
// it, so that nobody is trapped by a wheel that zooms.

const CLICK = 4; // pixels a pointer may move and still count as a click
const HINT_MS = 1200;

function listenToWheel(stage, root, onZoom, signal) {
  let active = false;
  let timer = 0;
  const activate = (on) => {
    active = on;
    root.classList.toggle("active", on);
    if (on) root.classList.remove("show-hint");
  };
  const showHint = () => {
    root.classList.add("show-hint");
    clearTimeout(timer);
    timer = setTimeout(() => root.classList.remove("show-hint"), HINT_MS);
  };
  const onWheel = (event) => {
    if (!(event.ctrlKey || event.metaKey || active)) {
      showHint();
      return;
    }
    event.preventDefault();
    const area = stage.getBoundingClientRect();
    const factor = Math.exp(-event.deltaY * 0.0016);
    onZoom(factor, event.clientX - area.left, event.clientY - area.top);
  };
  root.addEventListener("pointerdown", () => activate(true), { signal });
  root.addEventListener("pointerleave", () => activate(false), { signal });
  stage.addEventListener("wheel", onWheel, { signal, passive: false });
}

function listenToDrag(stage, root, viewport, onPan, onClick, signal) {
  let drag = null;
  stage.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0 || event.target.closest(".card")) return;
      drag = { left: event.clientX, top: event.clientY, x: viewport.x, y: viewport.y };
      stage.setPointerCapture(event.pointerId);
      root.classList.add("dragging");
    },
    { signal },
  );
  stage.addEventListener(
    "pointermove",
    (event) => {
      if (!drag) return;
      onPan(drag.x + event.clientX - drag.left, drag.y + event.clientY - drag.top);
    },
    { signal },
  );
  const end = (event) => {
    if (!drag) return;
    const moved = Math.hypot(event.clientX - drag.left, event.clientY - drag.top);
    drag = null;
    root.classList.remove("dragging");
    if (event.type === "pointerup" && moved < CLICK) onClick(event);
  };
  stage.addEventListener("pointerup", end, { signal });
  stage.addEventListener("pointercancel", end, { signal });
}

/** Calls `onZoom(factor, x, y)`, `onPan(x, y)` and `onClick(event)`, until `signal` aborts. */
export function listenToPointer({ stage, root, viewport, onZoom, onPan, onClick, signal }) {
  listenToWheel(stage, root, onZoom, signal);
  listenToDrag(stage, root, viewport, onPan, onClick, signal);
}
