import assert from "node:assert/strict";
import { test } from "node:test";
import { Lab, withTemplate } from "./lab.ts";

const agent = "/nodes/pve1/qemu/101/agent";

async function running(): Promise<Lab> {
  const lab = new Lab(withTemplate());
  await lab.cloned(101);
  await lab.started(101);
  return lab;
}

test("a guest that is off, or has no agent configured, says so at once", async () => {
  const lab = new Lab(withTemplate());
  await lab.cloned(101);
  assert.equal((await lab.post(`${agent}/ping`)).reason, "VM 101 is not running");
  await lab.put("/nodes/pve1/qemu/101/config", { delete: "agent" });
  await lab.started(101);
  assert.equal((await lab.post(`${agent}/ping`)).reason, "No QEMU guest agent configured");
});

test("an agent that does not answer is given three seconds", async () => {
  const lab = await running();
  const sent = lab.time.now();
  const ping = lab.post(`${agent}/ping`).then(({ status, reason }) => [status, reason, lab.time.now() - sent]);
  await lab.time.pass(5_000);
  assert.deepEqual(await ping, [500, "QEMU guest agent is not running", 3_000]);
});

test("an agent that answers answers", async () => {
  const lab = await running();
  lab.system = { ...lab.system, agentAnswers: () => true };
  assert.deepEqual((await lab.post(`${agent}/ping`)).data, { result: {} });
  assert.equal((await lab.get(`${agent}/ping`)).status, 501);
  assert.deepEqual((await lab.get(`${agent}/get-time`)).data, { result: lab.time.now() * 1e6 });
});

test("files go in and out a byte for a character", async () => {
  const lab = await running();
  const files = new Map<string, Uint8Array>();
  lab.system = {
    agentAnswers: () => true,
    readFile: async (path) => files.get(path) ?? null,
    writeFile: async (path, content) => {
      if (!path.startsWith("/run/")) return false;
      files.set(path, content);
      return true;
    },
  };
  assert.equal((await lab.post(`${agent}/file-write`, { file: "/run/a", content: "AP8=", encode: 0 })).status, 200);
  assert.deepEqual(files.get("/run/a"), new Uint8Array([0, 255]));
  await lab.post(`${agent}/file-write`, { file: "/run/b", content: "ä" });
  assert.deepEqual(files.get("/run/b"), new Uint8Array([0xe4]));
  assert.deepEqual((await lab.get(`${agent}/file-read?file=/run/b`)).data, { content: "ä", "bytes-read": 1 });
  assert.equal(
    (await lab.post(`${agent}/file-write`, { file: "/none/x", content: "" })).reason,
    "Agent error: failed to open file '/none/x' (mode: 'wb'): No such file or directory",
  );
  assert.equal(
    (await lab.get(`${agent}/file-read?file=/run/none`)).reason,
    "Agent error: failed to open file '/run/none' (mode: 'r'): No such file or directory",
  );
  assert.deepEqual((await lab.post(`${agent}/file-write`, { file: "/run/c", content: "x".repeat(61_441) })).errors, {
    content: "value may only be 61440 characters long",
  });
});
