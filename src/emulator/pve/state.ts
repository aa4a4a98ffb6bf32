import type { Chance } from "../../domain/naming.ts";
import type { MakeContainer } from "../container.ts";
import type { Boot } from "../machine.ts";
import type { WorldTime } from "../time.ts";
import type { Consoles } from "./consoles.ts";
import type { Container } from "./container.ts";
import type { FileLocks } from "./file-locks.ts";
import type { Firewall } from "./firewall-calls.ts";
import type { Guest } from "./guest.ts";
import type { HaResource } from "./ha-calls.ts";
import { failed, missingGuest } from "./refusal.ts";
import type { Content, PveSpec, StorageSpec } from "./spec.ts";
import type { Statd } from "./statd.ts";
import type { Tasks } from "./tasks.ts";
import type { Tickets } from "./tickets.ts";
import type { Volumes } from "./volumes.ts";

/** All that one cluster is, and what moves it. */
export interface PveState {
  readonly spec: PveSpec;
  readonly time: WorldTime;
  readonly chance: Chance;
  readonly boot: Boot;
  /** Null: containers are empty. */
  readonly makeContainer: MakeContainer | null;
  readonly guests: Map<number, Guest>;
  readonly containers: Map<number, Container>;
  readonly volumes: Volumes;
  readonly tasks: Tasks;
  readonly locks: FileLocks;
  readonly statd: Statd;
  readonly tickets: Tickets;
  readonly consoles: Consoles;
  /** By the name that they have there, as in `ct:105`. */
  readonly haResources: Map<string, HaResource>;
  /** By node. */
  readonly nodeConfigs: Map<string, ReadonlyMap<string, string | number>>;
  readonly firewalls: WeakMap<Guest | Container, Firewall>;
  /** By resource pool. */
  readonly poolComments: Map<string, string>;
  /** Snippets that lay in their folders before anyone called. */
  readonly firstSnippets: ReadonlySet<string>;
  /** Whether a first clone's name and description were copied already. */
  markerCopied: boolean;
}

export const isNine = (state: PveState): boolean => state.spec.generation === "9.2";

/** A guest is only known on its own node. */
export function guestOn(state: PveState, node: string, vmid: number): Guest | null {
  const guest = state.guests.get(vmid);
  return guest !== undefined && guest.node === node ? guest : null;
}

export function needGuest(state: PveState, node: string, vmid: number): Guest {
  const guest = guestOn(state, node, vmid);
  if (guest === null) throw missingGuest(node, vmid);
  return guest;
}

export function needStorage(state: PveState, name: string): StorageSpec {
  const storage = state.spec.storages.find((s) => s.name === name);
  if (storage === undefined) throw failed(`storage '${name}' does not exist`);
  return storage;
}

export function needContent(storage: StorageSpec, content: Content): void {
  if (!storage.content.includes(content)) {
    throw failed(`storage '${storage.name}' does not support '${content}' content`);
  }
}

export function newMac(state: PveState): string {
  const bytes = Array.from({ length: 3 }, () => state.chance.below(256).toString(16).toUpperCase().padStart(2, "0"));
  return `BC:24:11:${bytes.join(":")}`;
}

export function newUuid(state: PveState): string {
  const digits = Array.from({ length: 32 }, () => state.chance.below(16).toString(16)).join("");
  return [8, 12, 16, 20, 32].map((end, i) => digits.slice([0, 8, 12, 16, 20][i], end)).join("-");
}
