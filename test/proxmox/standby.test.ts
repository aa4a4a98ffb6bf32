import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { DispatcherError, hasCode } from "../../src/domain/errors.ts";
import { Secret } from "../../src/domain/secret.ts";
import { createHttp } from "../../src/proxmox/http.ts";
import { FakeClock } from "./fake-clock.ts";
import { data, refusal } from "./fake-pve.ts";

const { signal } = new AbortController();
const any = { schema: z.any(), signal };

/** A client that may change something as often as `allowed` says. */
function stage(allowed: number, reply: () => Response = () => data(null)) {
  const sent: string[] = [];
  let left = allowed;
  const http = createHttp({
    url: new URL("https://pve.test:8006"),
    tokenId: "gha@pve!test",
    tokenSecret: new Secret("5f0e9f3c"),
    clock: new FakeClock(),
    fetch: async (_, { method }) => {
      sent.push(method);
      return reply();
    },
    mayChange: (what) => {
      if (left-- <= 0) throw new DispatcherError("standby", `${what}: not while on standby`);
    },
  });
  return { http, sent };
}

const standby = (error: unknown): boolean => hasCode(error, "standby");

test("on standby no change is sent to PVE, and questions are", async () => {
  const { http, sent } = stage(0);
  await assert.rejects(http.post(["nodes", "pve1", "qemu", 9000, "clone"], any), standby);
  await assert.rejects(http.put(["nodes", "pve1", "qemu", 200, "config"], any), standby);
  await assert.rejects(http.delete(["nodes", "pve1", "qemu", 200], any), standby);
  assert.deepEqual(sent, []);
  await http.get(["version"], any);
  await http.post(["nodes", "pve1", "qemu", 200, "agent", "ping"], { ...any, readOnly: true });
  assert.deepEqual(sent, ["GET", "POST"]);
});

test("a change that PVE did not begin is not sent once more after the lease has ended", async () => {
  const { http, sent } = stage(1, () => refusal(500, "got no worker upid - start worker failed"));
  await assert.rejects(http.post(["nodes", "pve1", "qemu", 200, "status", "start"], any), standby);
  assert.deepEqual(sent, ["POST"]);
});
