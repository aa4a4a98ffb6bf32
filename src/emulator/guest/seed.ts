import { Buffer } from "node:buffer";
import type { Medium } from "../machine.ts";
import { readVolume } from "./iso9660.ts";

export interface Seed {
  readonly slot: string;
  readonly userData: string;
  readonly metaData: string;
}

/**
 * The data source that cloud-init's NoCloud takes: of several volumes labelled `cidata` the one in the highest
 * device, silently. One that lacks a file is passed over.
 */
export function findSeed(media: ReadonlyMap<string, Medium>, note: (what: string) => void): Seed | null {
  const slots = [...media].sort(([a], [b]) => (a < b ? 1 : -1));
  for (const [slot, medium] of slots) {
    const files = filesOn(medium);
    if (files === null) continue;
    const userData = files("user-data");
    const metaData = files("meta-data");
    if (userData !== null && metaData !== null) return { slot, userData, metaData };
    note(`${slot}: volume cidata is no valid seed: ${userData === null ? "user-data" : "meta-data"} is missing`);
  }
  return null;
}

function filesOn(medium: Medium): ((name: string) => string | null) | null {
  if (medium.kind === "cloudinit") {
    return (name) => medium.files.get(name) ?? medium.files.get(`/${name}`) ?? null;
  }
  const volume = readVolume(medium.bytes);
  if (volume === null || (volume.label !== "cidata" && volume.label !== "CIDATA")) return null;
  return (name) => {
    const content = volume.files.get(name);
    return content === undefined ? null : Buffer.from(content).toString("utf8");
  };
}
