// What the colours mean; only those that are in the picture.
import { element, RINGS } from "./cards.js";

/** Fills the legend: the rings that cards carry, and how many cards carry each. */
export function drawLegend(root, graph) {
  const entries = Object.keys(RINGS)
    .map((ring) => [ring, graph.nodes.filter((node) => node.impact === ring).length])
    .filter(([, count]) => count)
    .map(([ring, count]) => {
      const text = ring === "origin" ? RINGS[ring] : `${RINGS[ring]} ${count}`;
      const entry = element("span", "legend-ring", text);
      entry.dataset.impact = ring;
      return entry;
    });
  if (graph.edges.some((edge) => edge.band !== "certain")) {
    entries.push(element("span", "legend-unsure", "not certain"));
  }
  root.replaceChildren(...entries);
  root.hidden = !entries.length;
}
