// One canvas on the page: what it shows, and what happens on a click, a key, or new data.
import { CardLayer } from "./cardlayer.js";
import { drawEdges } from "./edges.js";
import { addLooks, drawFar, farText } from "./far.js";
import { indexGraph, pair } from "./graph.js";
import { command, neighbour } from "./keyboard.js";
import { layout } from "./layout.js";
import { drawLegend } from "./legend.js";
import { Minimap } from "./minimap.js";
import { pathThrough } from "./path.js";
import { listenToPointer } from "./pointer.js";
import { cardSize, shownColumns } from "./sizes.js";
import { Viewport } from "./viewport.js";

const FAR = 0.3; // below this scale cards are plain rectangles
const OF_A_CHANGE = 0.4; // the scale at which a change that does not fit opens
const MIDDLE = 0.55; // below this one they show their name only
const AROUND = 200; // cards this far outside the stage exist already, in units of the picture
const STEP = 1.3; // zoom of one press

export class View {
  constructor(root) {
    this.root = root;
    this.stage = root.querySelector(".stage");
    this.layer = root.querySelector(".cards");
    this.cards = new CardLayer(this.layer, this);
    this.lines = root.querySelector(".edges g");
    this.farCards = root.querySelector(".far-cards");
    addLooks(this.farCards);
    this.viewport = new Viewport();
    this.opened = new Map(); // id → "first" or "all": column lists opened by hand
    this.selection = null; // {id, column}
    this.path = null; // what the selection lights
    this.anchor = null; // the card that stays where it is when the graph grows
    this.placed = false; // whether the viewport was set for this focus
    this.emit = () => {};
    this.listen();
  }

  listen() {
    this.abort = new AbortController();
    const { signal } = this.abort;
    listenToPointer({
      stage: this.stage,
      root: this.root,
      viewport: this.viewport,
      onZoom: (factor, x, y) => this.zoom(factor, x, y),
      onPan: (x, y) => this.pan(x, y),
      onClick: (event) => this.clickStage(event),
      signal,
    });
    this.layer.addEventListener("click", (event) => this.clickCard(event), { signal });
    this.layer.addEventListener("dblclick", (event) => this.openCard(event), { signal });
    this.layer.addEventListener("keydown", (event) => this.pressKey(event), { signal });
    const tools = this.root.querySelector(".tools");
    const tool = (event) => this.run(event.target.closest("button")?.dataset.tool);
    tools.addEventListener("click", tool, { signal });
    const map = this.root.querySelector(".map");
    this.minimap = new Minimap(map, (point) => this.centerPoint(point), signal);
    this.resizes = new ResizeObserver(() => this.resize());
    this.resizes.observe(this.stage);
  }

  destroy() {
    this.abort.abort();
    this.resizes.disconnect();
    cancelAnimationFrame(this.frame);
  }

  // ---- data

  /** Shows what Python sent. Nothing moves when neither the graph nor the selection is new. */
  update(data) {
    this.root.style.height = `${data.height}px`;
    const sent = pair(data.select ?? "", data.select_column ?? "");
    const isNewSelection = sent !== this.sent;
    this.sent = sent;
    if (data.version !== this.version) {
      if (isNewSelection) this.selection = { id: data.select, column: data.select_column };
      this.load(data);
    } else if (isNewSelection) this.select(data.select, data.select_column);
    this.root.dataset.ready = data.version;
  }

  load(data) {
    this.version = data.version;
    this.graph = indexGraph(data);
    this.root.dataset.nodes = String(this.graph.nodes.length);
    if (data.focus !== this.focus) {
      this.focus = data.focus;
      this.current = data.focus;
      this.placed = false;
    }
    if (!this.graph.byId.has(this.selection?.id)) this.selection = null;
    if (this.selection) this.current = this.selection.id;
    if (!this.graph.byId.has(this.current)) this.current = this.focus;
    this.path = this.selectedPath();
    this.cards.clear();
    drawLegend(this.root.querySelector(".legend"), this.graph);
    this.arrange(this.anchor ?? this.focus);
    this.anchor = null;
  }

  // ---- arrangement

  isLit(id, column) {
    return this.path?.columns?.has(pair(id, column)) ?? false;
  }

  /** Lays out anew; the card `anchor` keeps its place on the screen. */
  arrange(anchor) {
    const before = this.placement?.boxes.get(anchor);
    const shown = new Map();
    const sizes = new Map();
    for (const node of this.graph.nodes) {
      const lit = (column) => this.isLit(node.id, column);
      const columns = shownColumns(node, this.opened.get(node.id), lit);
      shown.set(node.id, columns);
      sizes.set(node.id, cardSize(node, columns));
    }
    this.placement = { ...layout(this.graph, sizes), shown };
    const after = this.placement.boxes.get(anchor);
    if (this.placed && before && after) this.viewport.follow(before, after);
    const { boxes, bounds } = this.placement;
    this.minimap.draw(bounds, farText(this.graph, boxes, null));
    this.cards.arrange();
    this.drawLines();
    this.resize();
  }

  resize() {
    this.viewport.resize(this.stage.clientWidth, this.stage.clientHeight);
    if (!this.placement || !this.viewport.width) return;
    if (!this.placed) {
      // What a change reaches matters more than the small print on its cards.
      const readable = this.graph.nodes.some((node) => node.impact) ? OF_A_CHANGE : undefined;
      this.viewport.open(this.placement.bounds, this.focusBox(), readable);
      this.placed = true;
    }
    this.paint();
  }

  focusBox() {
    const { boxes } = this.placement;
    return boxes.get(this.focus) ?? boxes.values().next().value;
  }

  drawLines() {
    const isOpen = (id) => this.opened.has(id);
    const drawn = drawEdges(this.graph, this.placement, this.path, isOpen);
    const set = (look, text) => this.lines.querySelector(`.${look}`).setAttribute("d", text);
    for (const [look, texts] of drawn.lines) set(look, texts.join(""));
    set("tips", drawn.tips);
    set("tips-lit", drawn.tipsLit);
    this.root.classList.toggle("has-path", Boolean(this.path));
  }

  // ---- painting: the transform, the cards in view, the level of detail

  paint() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.paintNow());
  }

  paintNow() {
    const { x, y, scale } = this.viewport;
    const transform = `translate(${x}px,${y}px) scale(${scale})`;
    this.layer.style.transform = transform;
    this.lines.style.transform = transform;
    const far = scale < FAR;
    this.root.classList.toggle("far", far);
    this.root.classList.toggle("middle", !far && scale < MIDDLE);
    this.root.querySelector(".percent").textContent = `${Math.round(scale * 100)}%`;
    this.cards.show(far ? new Set() : this.inView());
    drawFar(this.farCards, far ? farText(this.graph, this.placement.boxes, this.path) : new Map());
    this.minimap.follow(this.viewport, this.placement.bounds);
  }

  inView() {
    const seen = this.viewport.visible(AROUND);
    const found = new Set();
    for (const [id, box] of this.placement.boxes) {
      const beside = box.x > seen.right || box.x + box.width < seen.left;
      const beyond = box.y > seen.bottom || box.y + box.height < seen.top;
      if (!beside && !beyond) found.add(id);
    }
    return found;
  }

  // ---- selection

  selectedPath() {
    const { id, column } = this.selection ?? {};
    return id === undefined ? null : pathThrough(this.graph, id, column);
  }

  /** Lights the path through a node or its column; an unknown or absent id clears. */
  select(id, column = null) {
    const hadColumns = Boolean(this.path?.columns);
    this.selection = this.graph.byId.has(id) ? { id, column } : null;
    this.path = this.selectedPath();
    if (this.selection) this.current = id;
    if (hadColumns || this.path?.columns) this.arrange(id ?? this.current);
    else this.drawLines();
    this.cards.mark();
    this.paint();
    this.say();
  }

  /** As `select`, by hand: Python is told. */
  choose(id, column = null) {
    this.select(id, column);
    this.emit("selected", { id: id ?? "", column: column ?? "" });
  }

  say() {
    const { id, column } = this.selection ?? {};
    const name = this.graph.byId.get(id)?.name;
    const what = column ? `${name}.${column}` : name;
    const text = what ? `${what}: ${this.path.nodes.size - 1} related` : "";
    this.root.querySelector(".live").textContent = text;
  }

  // ---- what people do

  clickStage(event) {
    // Far out the cards are one drawn path: find the one under the pointer.
    const area = this.stage.getBoundingClientRect();
    const point = this.viewport.toPicture(event.clientX - area.left, event.clientY - area.top);
    const hit = [...this.placement.boxes].find(
      ([, box]) =>
        point.x >= box.x &&
        point.x <= box.x + box.width &&
        point.y >= box.y &&
        point.y <= box.y + box.height,
    );
    if (hit || this.selection) this.choose(hit?.[0]);
  }

  clickCard(event) {
    const id = event.target.closest(".card")?.dataset.id;
    if (id === undefined) return;
    const button = event.target.closest("button");
    const control = button?.dataset.control;
    this.current = id;
    if (control === "columns") this.toggleColumns(id);
    else if (control === "rest") this.setColumns(id, "all");
    else if (control === "up" || control === "down") this.expand(id, control);
    else this.choose(id, button?.dataset.column);
  }

  expand(id, direction) {
    this.anchor = id;
    this.emit("expanded", { id, direction });
  }

  openCard(event) {
    const id = event.target.closest(".card")?.dataset.id;
    if (id !== undefined && !event.target.closest(".hop, .foot")) this.emit("opened", id);
  }

  setColumns(id, openness) {
    if (openness) this.opened.set(id, openness);
    else this.opened.delete(id);
    this.arrange(id);
  }

  toggleColumns(id) {
    this.setColumns(id, this.opened.has(id) ? null : "first");
  }

  toggleAllColumns() {
    if (this.opened.size) this.opened.clear();
    else for (const { id, columns } of this.graph.nodes) if (columns) this.opened.set(id, "first");
    this.arrange(this.current);
  }

  pressKey(event) {
    const id = event.target.closest(".card")?.dataset.id;
    if (id === undefined) return;
    const next = neighbour(event.key, id, this.graph, this.placement.boxes);
    if (next !== undefined) this.moveTo(next);
    else if (!this.run(command(event), id)) return;
    event.preventDefault();
    event.stopPropagation(); // Streamlit has keys of its own: "c" clears its caches
  }

  moveTo(id) {
    this.current = id;
    const box = this.placement.boxes.get(id);
    if (!this.viewport.contains(box)) this.viewport.center(box, this.placement.bounds);
    this.paintNow();
    this.cards.mark();
    this.cards.get(id)?.querySelector(".head").focus({ preventScroll: true });
  }

  /** Runs a command of the toolbar or of a key; false for an unknown one. */
  run(name, id = this.current) {
    const commands = {
      in: () => this.zoom(STEP),
      out: () => this.zoom(1 / STEP),
      fit: () => this.viewport.fit(this.placement.bounds),
      focus: () => this.viewport.center(this.focusBox(), this.placement.bounds),
      all: () => this.toggleAllColumns(),
      full: () => this.toggleFullScreen(),
      clear: () => this.choose(),
      columns: () => this.toggleColumns(id),
      open: () => this.emit("opened", id),
    };
    if (!Object.hasOwn(commands, name ?? "")) return false;
    commands[name]();
    this.paint();
    return true;
  }

  toggleFullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.requestFullscreen?.();
  }

  zoom(factor, x, y) {
    this.viewport.zoom(factor, x, y);
    this.paint();
  }

  pan(x, y) {
    this.viewport.panTo(x, y, this.placement.bounds);
    this.paint();
  }

  centerPoint({ x, y }) {
    const { width, height, scale } = this.viewport;
    this.pan(width / 2 - x * scale, height / 2 - y * scale);
  }
}
