// Cards as plain rectangles: far out, and in the small map. All of one look share one path element.

/** The looks, in the order they are painted; the style sheet has a class for each. */
const LOOKS = ["plain", "lit", "stale", "wrong", "fails", "origin"];

const rectangle = (box) => `M${box.x},${box.y}h${box.width}v${box.height}h${-box.width}z`;

/** Makes a path for each look in an SVG group. */
export function addLooks(group) {
  for (const look of LOOKS) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("class", `far-${look}`);
    group.append(path);
  }
}

/** Look → path text. A card has the colour of its ring, else that of the path it is on. */
export function farText(graph, boxes, path) {
  const texts = new Map(LOOKS.map((look) => [look, ""]));
  for (const [id, box] of boxes) {
    const look = graph.byId.get(id).impact ?? (path?.nodes.has(id) ? "lit" : "plain");
    texts.set(look, texts.get(look) + rectangle(box));
  }
  return texts;
}

/** Draws the text of each look into its path. */
export function drawFar(group, texts) {
  for (const look of LOOKS) {
    group.querySelector(`.far-${look}`).setAttribute("d", texts.get(look) ?? "");
  }
}
