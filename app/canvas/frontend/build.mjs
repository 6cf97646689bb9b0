// Bundles src/ into ../assets/canvas.bundle.js: one file, no download at run time.
import { readFile } from "node:fs/promises";
import { build } from "esbuild";

const license = await readFile("node_modules/@dagrejs/dagre/LICENSE", "utf8");
const notice = "Lineage canvas. Contains dagre and graphlib under the MIT license:";

await build({
  entryPoints: ["src/index.js"],
  outfile: "../assets/canvas.bundle.js",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  banner: { js: `/*!\n${notice}\n\n${license}*/` },
});
