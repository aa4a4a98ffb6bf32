import { hash } from "node:crypto";
import type { Instant } from "../../domain/time.ts";
import type { GuestSystem } from "../machine.ts";
import type { Volume } from "./volumes.ts";

export type ConfigValue = string | number;
export type Config = Map<string, ConfigValue>;

/** What a drive holds while the machine runs: a file that was deleted meanwhile stays readable. */
export type OpenMedium =
  | { readonly kind: "volume"; readonly volume: Volume }
  | { readonly kind: "cloudinit"; readonly files: ReadonlyMap<string, string> };

export type Power =
  | { readonly kind: "stopped" }
  | {
      readonly kind: "running";
      readonly pid: number;
      readonly since: Instant;
      readonly media: Map<string, OpenMedium>;
      readonly off: AbortController;
      /** Its processors stand still. */
      paused: boolean;
      /** Null until it was switched on. */
      system: GuestSystem | null;
    };

export interface Snapshot {
  readonly name: string;
  readonly description: string;
  readonly takenAt: Instant;
  parent: string | null;
  /** The volume of the machine's memory. */
  readonly ram: string | null;
  readonly config: Config;
}

export interface Guest {
  readonly vmid: number;
  readonly node: string;
  /** Foreign guests were there before anyone called. */
  readonly origin: "foreign" | "cloned" | "created";
  /** What is installed on its disk. */
  image: string;
  /** As the running machine has it. */
  config: Config;
  /** What a running machine gets at its next start; null removes the option. */
  readonly pending: Map<string, ConfigValue | null>;
  readonly snapshots: Map<string, Snapshot>;
  resourcePool: string | null;
  power: Power;
}

export const nameOf = (guest: Guest): string | undefined => optionText(guest, "name");
export const isTemplate = (guest: Guest): boolean => guest.config.get("template") === 1;
export const isProtected = (guest: Guest): boolean => guest.config.get("protection") === 1;
export const lockOf = (guest: Guest): string | undefined => optionText(guest, "lock");
export const isCloning = (guest: Guest): boolean => lockOf(guest) === "clone";
export const isRunning = (guest: Guest): boolean => guest.power.kind === "running";

/** The option `agent` is `1`, `enabled=1` or more. */
export const hasAgent = (guest: Guest): boolean =>
  /^(enabled=)?(1|on|yes|true)(,|$)/.test(optionText(guest, "agent") ?? "");

export const memoryOf = (guest: Guest): number =>
  Number((optionText(guest, "memory") ?? "512").replace("current=", "")) * 1024 * 1024;
export const coresOf = (guest: Guest): number => Number(guest.config.get("cores") ?? 1);

function optionText(guest: Guest, name: string): string | undefined {
  const value = guest.config.get(name);
  return value === undefined ? undefined : String(value);
}

/** The configuration with what is still pending. */
export function wantedConfig(guest: Guest): Config {
  if (guest.pending.size === 0) return guest.config;
  const wanted = new Map(guest.config);
  for (const [name, value] of guest.pending) {
    if (value === null) wanted.delete(name);
    else wanted.set(name, value);
  }
  return wanted;
}

/** Over all that the configuration file holds: any change gives another one, and the same content the same again. */
export function digestOf(guest: Guest): string {
  const lines = (entries: Iterable<[string, ConfigValue | null]>): string =>
    Array.from(entries, ([name, value]) => JSON.stringify([name, value]))
      .sort()
      .join("\n");
  const text = `${lines(guest.config)}\n[PENDING]\n${lines(guest.pending)}`;
  const last = digests.get(guest);
  if (last?.text === text) return last.digest;
  const digest = hash("sha1", text);
  digests.set(guest, { text, digest });
  return digest;
}

/** A configuration is read many times between two changes. */
const digests = new WeakMap<Guest, { readonly text: string; readonly digest: string }>();
