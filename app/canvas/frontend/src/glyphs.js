// Small line drawings on a 16 × 16 grid, as path text: one for each kind of card and each tool.

export const GLYPHS = {
  table: "M2 3h12v10H2zM2 6.5h12M6.5 6.5V13",
  view:
    "M1.5 8C3.5 4.6 5.6 3.2 8 3.2s4.5 1.4 6.5 4.8c-2 3.4-4.1 4.8-6.5 4.8S3.5 11.4 1.5 8z" +
    "M8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4",
  topic: "M2 4h8M12.5 4h1.5M2 8h3M7.5 8H14M2 12h9M13.5 12h.5",
  file: "M4 2h5l3 3v9H4zM9 2v3h3",
  job:
    "M8 5.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5M8 1.5v2M8 12.5v2M1.5 8h2M12.5 8h2" +
    "M3.4 3.4l1.4 1.4M11.2 11.2l1.4 1.4M12.6 3.4l-1.4 1.4M4.8 11.2l-1.4 1.4",
  dashboard: "M2 2.5h5.2v6H2zM8.8 2.5H14v3.5H8.8zM8.8 7.5H14v6H8.8zM2 10h5.2v3.5H2z",
  card: "M2 13.5h12M4 13.5V8.5M8 13.5v-10M12 13.5V6.5",
  workbook:
    "M8 4.2C6.5 3 4.5 2.7 2 2.9v9.7c2.5-.2 4.5.1 6 1.3 1.5-1.2 3.5-1.5 6-1.3" +
    "V2.9c-2.5-.2-4.5.1-6 1.3z" +
    "M8 4.2v9.7",
  notebook: "M4 2h9v12H4zM2.5 4.5H5M2.5 8H5M2.5 11.5H5M7.5 5.5h3",
  application: "M2 3h12v10H2zM2 6h12M4 4.5h.5M6 4.5h.5",
  person:
    "M8 2.5a2.7 2.7 0 1 0 0 5.4 2.7 2.7 0 0 0 0-5.4" +
    "M2.8 14c.4-2.8 2.4-4.3 5.2-4.3s4.8 1.5 5.2 4.3",
};

const SVG = "http://www.w3.org/2000/svg";

/** An SVG element of that glyph; an unknown kind is drawn as a table. */
export function glyph(kind) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", GLYPHS[kind] ?? GLYPHS.table);
  svg.append(path);
  return svg;
}
