import assert from "node:assert/strict";
import { test } from "node:test";
import { DispatcherError, type ErrorCode } from "../../src/domain/errors.ts";
import { asGuestName, asNodeName, asPoolName, asRunnerId, asVmid } from "../../src/domain/ids.ts";
import { remove } from "../../src/runners/remove.ts";
import type { Tools } from "../../src/runners/tools.ts";
import { poolOf } from "../fixtures.ts";

const signal = new AbortController().signal;

/** What is done to a powered-off guest, one after the other, when GitHub answers so about its record. */
async function removed(refusal: ErrorCode | null): Promise<readonly string[]> {
  const did: string[] = [];
  const tools = {
    forge: {
      deregister: async () => {
        did.push("record");
        if (refusal !== null) throw new DispatcherError(refusal, "runner 7: refused");
        return "removed";
      },
    },
    site: { destroy: async () => did.push("guest") },
    storeOf: () => ({ remove: async () => did.push("seed") }),
  } as unknown as Tools;
  const name = asGuestName("ci-abcdefghij");
  const guest = { vmid: asVmid(200), name };
  const record = { id: asRunnerId(7), scope: "repos/octo/demo" as const };
  const about = { pool: asPoolName("default"), why: "it is powered off", node: asNodeName("pve1") };
  await remove(tools, { kind: "remove", ...about, guest, record }, poolOf(), signal).catch(() => {});
  return did;
}

test("a guest goes after its record and before its seed: a crash leaves no record without a guest", async () => {
  assert.deepEqual(await removed(null), ["record", "guest", "seed"]);
});

test("a GitHub in trouble does not keep a powered-off guest, and one that refuses does", async () => {
  assert.deepEqual(await removed("unavailable"), ["record", "guest", "seed"]);
  assert.deepEqual(await removed("unauthorized"), ["record"]);
});
