import assert from "node:assert/strict";
import { test } from "node:test";
import type { PveState } from "../../src/emulator/pve/state.ts";
import { assertHidden } from "./secrets.ts";
import { stage } from "./stage.ts";

const secret = "hush-hush-0123456789";
const base64 = (text: string): string => Buffer.from(text).toString("base64");

/** Each leaves the secret where somebody could read it. */
const leaks: readonly (readonly [place: string, leak: (state: PveState) => void])[] = [
  ["guests' configuration", ({ guests }) => guests.get(100)?.config.set("description", `see ${secret}`)],
  ["containers' configuration", ({ containers }) => containers.get(101)?.config.set("tags", secret)],
  ["consoles' transcripts", ({ containers }) => containers.get(101)?.transcript.push(Buffer.from(`${secret}\r\n`))],
  ["task logs", ({ tasks }) => [...tasks.finished()][0]?.log.push(`password ${secret}`)],
  ["task logs", ({ tasks }) => [...tasks.finished()][0]?.log.push(base64(`x=${secret}, and more`))],
  ["resource pools", ({ poolComments }) => poolComments.set("runners", secret)],
  ["storages", ({ volumes }) => Object.assign(volumes.all()[0] ?? {}, { bytes: Buffer.from(`\0\0${secret}\0`) })],
  ["users, roles and lists", ({ spec }) => Object.assign(spec.access?.users[0] ?? {}, { comment: secret })],
];

for (const [at, [place, leak]] of leaks.entries()) {
  test(`a secret is found in ${place} (${at})`, async (t) => {
    const { run, pve } = await stage(t);
    await run();
    assertHidden(pve.state, { "a secret": secret });
    leak(pve.state);
    assert.throws(() => assertHidden(pve.state, { "a secret": secret }), { actual: [`a secret in ${place}`] });
  });
}
