// Entry of the Streamlit component: one view for each place on the page.
import { View } from "./view.js";

const views = new WeakMap(); // parentElement → View

export default function ({ data, parentElement, setTriggerValue }) {
  let view = views.get(parentElement);
  if (!view) {
    view = new View(parentElement.querySelector(".canvas"));
    views.set(parentElement, view);
  }
  view.emit = setTriggerValue;
  view.update(data);
  return () => {
    view.destroy();
    views.delete(parentElement);
  };
}
