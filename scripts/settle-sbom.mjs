// Makes npm's list of parts the same for every build of one commit: no chance, no present time, no folder's name.
// usage: npm sbom … | node scripts/settle-sbom.mjs SECONDS
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const [seconds] = process.argv.slice(2);
const { serialNumber, ...bom } = JSON.parse(readFileSync(0, "utf8"));
bom.metadata.timestamp = new Date(Number(seconds) * 1000).toISOString();
bom.metadata.component.name = "dispatcher";
bom.components.sort(by((part) => part["bom-ref"]));
bom.dependencies.sort(by((part) => part.ref));
for (const part of bom.dependencies) part.dependsOn.sort();

// The form that a serial number must have, of what it numbers.
const hash = createHash("sha256").update(JSON.stringify(bom)).digest("hex");
const uuid = `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-a${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
process.stdout.write(`${JSON.stringify({ ...bom, serialNumber: `urn:uuid:${uuid}` }, null, 2)}\n`);

function by(name) {
  return (a, b) => (name(a) < name(b) ? -1 : 1);
}
