// Lays what the program needs at run time into a folder: package.json and its lock without the parts for development, and
// the packages themselves, taken from node_modules, which must be what the lock says.
// usage: node scripts/production.mjs FOLDER
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

// The emulator's shell brings languages along that nothing here speaks: most of what a package would weigh.
const unused = [
  "just-bash/vendor",
  "just-bash/dist/bin",
  "just-bash/dist/bundle/browser.js",
  "just-bash/dist/bundle/index.cjs",
  "sql.js/dist",
  "quickjs-emscripten/dist",
  ...["debug-asyncify", "debug-sync", "release-asyncify", "release-sync"].map(
    (variant) => `@jitl/quickjs-wasmfile-${variant}/dist`,
  ),
];

const [folder] = process.argv.slice(2);
const { devDependencies, scripts, ...product } = read("package.json");
const lock = read("package-lock.json");
const installed = read("node_modules/.package-lock.json").packages;

// Nothing optional: those parts would be compiled, and the product is to run on every architecture.
const needed = Object.entries(lock.packages).filter(([path, part]) => path !== "" && !part.dev && !part.optional);
for (const [path, { integrity }] of needed) {
  if (installed[path]?.integrity !== integrity) {
    console.error(`${path}: not what package-lock.json says; call npm ci`);
    process.exit(1);
  }
  cpSync(path, join(folder, path), { recursive: true, filter: (file) => file === path || isWanted(file) });
}

delete lock.packages[""].devDependencies;
lock.packages = { "": lock.packages[""], ...Object.fromEntries(needed) };
write("package.json", product);
write("package-lock.json", lock);

/** Types, source maps and tests are for those who build upon a package; packages within packages have entries of their own. */
function isWanted(file) {
  return (
    basename(file) !== "node_modules" &&
    !/\.(map|[cm]?ts)$/.test(file) &&
    !/(^|\/)node_modules\/(@[^/]+\/)?[^/]+\/(test|tests|__tests__|benchmarks?)$/.test(file) &&
    !unused.some((path) => file.endsWith(`node_modules/${path}`))
  );
}

function read(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}

function write(file, value) {
  writeFileSync(join(folder, file), `${JSON.stringify(value, null, 2)}\n`);
}
