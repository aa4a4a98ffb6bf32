// Lays what the program needs at run time into a folder: package.json and its lock without the parts for development, and
// the packages themselves, taken from node_modules, which must be what the lock says.
// usage: node scripts/production.mjs FOLDER
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

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

/** Types and source maps are for those who build upon a package; packages within packages have entries of their own. */
function isWanted(file) {
  return basename(file) !== "node_modules" && !/\.(map|[cm]?ts)$/.test(file);
}

function read(file) {
  return JSON.parse(readFileSync(file, "utf8"));
}

function write(file, value) {
  writeFileSync(join(folder, file), `${JSON.stringify(value, null, 2)}\n`);
}
