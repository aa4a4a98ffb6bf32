import assert from "node:assert/strict";
import { inspect } from "node:util";
import type { PveState } from "../../src/emulator/pve/state.ts";

/** By name, so that a failure need not print it. */
export type Secrets = Readonly<Record<string, string>>;

/**
 * No secret is found in anything of the cluster that one of its users can read, nor in what else is given: as it is, in
 * base64, in hexadecimal or as part of an address. What lies inside of containers is not among it.
 */
export function assertHidden(state: PveState, secrets: Secrets, more: Readonly<Record<string, unknown>> = {}): void {
  const places = Object.entries({ ...placesOf(state), ...more }).map(
    ([place, content]) => [place, spelt(content)] as const,
  );
  const found = Object.entries(secrets).flatMap(([name, secret]) => {
    assert.ok(secret.length >= 8, `${name} is too short to be searched for`);
    const forms = formsOf(secret);
    return places.flatMap(([place, text]) =>
      forms.some((form) => text.includes(form)) ? [`${name} in ${place}`] : [],
    );
  });
  assert.deepEqual(found, []);
}

function placesOf({ spec, guests, containers, volumes, tasks, poolComments, nodeConfigs, haResources }: PveState) {
  const { tokens, access, ...rest } = spec;
  return {
    "the cluster's configuration": rest,
    "tokens and their rights": tokens.map(({ secret: _, ...shown }) => shown),
    "users, roles and lists": { ...access, users: access?.users.map(({ password: _, ...shown }) => shown) },
    "resource pools": poolComments,
    "HA resources": haResources,
    "the nodes' configuration": nodeConfigs,
    "guests' configuration": [...guests.values()].map(({ config, pending, snapshots }) => [config, pending, snapshots]),
    "containers' configuration": [...containers.values()].map(({ config }) => config),
    "consoles' transcripts": [...containers.values()].map(({ transcript }) => Buffer.concat(transcript)),
    "task logs": [...tasks.running(), ...tasks.finished()].map(({ upid, log, end }) => [upid, log, end]),
    storages: volumes.all().map(({ bytes, ...shown }) => [shown, bytes]),
  };
}

/** Also in a text that was wrapped or cut into lines, where its base64 begins at any of three places. */
function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64");
    // What depends on its neighbours is left out.
    return text.slice(shift === 0 ? 0 : 4, text.length - 4);
  });
  return [secret, encodeURIComponent(secret), bytes.toString("hex"), ...base64];
}

function spelt(content: unknown): string {
  if (typeof content === "string") return content;
  if (content instanceof Uint8Array) return Buffer.from(content).toString("latin1");
  if (Array.isArray(content)) return content.map(spelt).join("\n");
  return inspect(content, { depth: Number.POSITIVE_INFINITY, maxStringLength: null, maxArrayLength: null });
}
