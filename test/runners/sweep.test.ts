import assert from "node:assert/strict";
import { test } from "node:test";
import { asNodeName, asPoolName, asVmid } from "../../src/domain/ids.ts";
import type { Free } from "../../src/engine/site.ts";
import { sweep } from "../../src/runners/remove.ts";
import type { Tools } from "../../src/runners/tools.ts";

const signal = new AbortController().signal;

/** What becomes of a seed whose guest is gone, by what PVE says of its VMID. */
async function swept(answer: Free): Promise<readonly string[]> {
  const did: string[] = [];
  const tools = {
    site: { isFree: async () => answer },
    storeNamed: () => ({ remove: async () => did.push("remove"), blank: async () => did.push("blank") }),
  } as unknown as Tools;
  const seed = { vmid: asVmid(200), node: asNodeName("pve1"), store: "iso local" as const };
  await sweep(tools, { kind: "sweep", pool: asPoolName("default"), why: "its guest is gone", ...seed }, signal);
  return did;
}

test("a seed that was left goes when its VMID is free, and stays untouched while PVE cannot say", async () => {
  assert.deepEqual(await swept("free"), ["remove"]);
  assert.deepEqual(await swept("unknown"), []);
});

test("a seed whose VMID is another's guest by now loses its content, and the file stays", async () => {
  assert.deepEqual(await swept("used"), ["blank"]);
});
