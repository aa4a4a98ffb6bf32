import type { InstanceName, Vmid } from "../domain/ids.ts";
import { fileNameOf, vmidIn } from "./seed-names.ts";

/** An upload overwrites what has its name, without asking: so the name says whose it is. */
export const seedFileName = (instance: InstanceName, vmid: Vmid): string => fileNameOf(instance, vmid, "iso");

/** Null for a file that is not a seed of this instance. */
export const vmidOfSeed = (fileName: string, instance: InstanceName): Vmid | null => vmidIn(fileName, instance, "iso");
