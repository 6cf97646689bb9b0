// The cards that exist in the document: those in view, kept in step with the view's state.
import { card, mark, place } from "./cards.js";

const contentOf = ({ columns, hidden }, isOpen) =>
  JSON.stringify([isOpen, hidden, columns.map((column) => column.name)]);

export class CardLayer {
  /** `view` has graph, placement, opened, path, selection, current, focus and isLit(id, column). */
  constructor(root, view) {
    this.root = root;
    this.view = view;
    this.cards = new Map(); // id → {element, content}
  }

  focused() {
    return this.root.getRootNode().activeElement;
  }

  get(id) {
    return this.cards.get(id)?.element;
  }

  clear() {
    this.root.replaceChildren();
    this.cards.clear();
  }

  remove(id) {
    this.cards.get(id).element.remove();
    this.cards.delete(id);
  }

  add(id) {
    const { graph, placement, opened } = this.view;
    const shown = placement.shown.get(id);
    const isOpen = opened.has(id);
    const element = card(graph.byId.get(id), graph, shown, isOpen);
    place(element, placement.boxes.get(id));
    this.cards.set(id, { element, content: contentOf(shown, isOpen) });
    this.markOne(element);
    this.root.append(element);
  }

  /** Exactly the wanted cards exist, and the one that has the keyboard focus. */
  show(wanted) {
    const focused = this.focused();
    for (const [id, { element }] of this.cards) {
      if (!wanted.has(id) && !element.contains(focused)) this.remove(id);
    }
    for (const id of wanted) if (!this.cards.has(id)) this.add(id);
  }

  /** After a new arrangement cards move; those that list other columns are made anew. */
  arrange() {
    const { placement, opened } = this.view;
    for (const [id, { element, content }] of [...this.cards]) {
      if (content === contentOf(placement.shown.get(id), opened.has(id))) {
        place(element, placement.boxes.get(id));
      } else this.replace(id, element);
    }
    this.mark();
  }

  replace(id, element) {
    const focused = this.focused();
    const hadFocus = element.contains(focused);
    this.remove(id);
    this.add(id);
    if (hadFocus) this.refocus(id, focused.dataset.control);
  }

  /** The keyboard focus goes to the same control of the new card, else to its head. */
  refocus(id, control) {
    const again = this.get(id);
    const same = again.querySelector(`[data-control="${CSS.escape(control)}"]`);
    (same ?? again.querySelector(".head")).focus({ preventScroll: true });
  }

  mark() {
    for (const { element } of this.cards.values()) this.markOne(element);
  }

  markOne(element) {
    const { focus, current, selection, path } = this.view;
    const { id } = element.dataset;
    mark(element, {
      isFocus: id === focus,
      isCurrent: id === current,
      selection,
      path,
      litColumn: (column) => this.view.isLit(id, column),
    });
  }
}
