import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { z } from "zod";
import { DispatcherError, hasCode } from "../../src/domain/errors.ts";
import { Secret } from "../../src/domain/secret.ts";
import { createHttp } from "../../src/proxmox/http.ts";
import { quiet, stillClock } from "./fake-clock.ts";
import { bare, broken, data, fakePve, never, type Reply, refusal, secretText } from "./fake-pve.ts";

const any = { schema: z.unknown(), signal: never };
const hangs: Reply = () => new Promise(() => {});

test("a call carries the token in its Authorization header and nowhere else", async () => {
  const { http, seen } = fakePve(() => data(null));
  await http.post(["nodes", "pve1", "qemu", 9000, "clone"], { ...any, form: { newid: 101, full: false } });
  const [call] = seen;
  assert.equal(call?.headers.Authorization, `PVEAPIToken=gha@pve!test=${secretText}`);
  const { Authorization: _, ...rest } = call?.headers ?? {};
  assert.ok(!inspect({ ...call, headers: rest }).includes(secretText));
});

test("parameters are a form: 0 and 1 for booleans, a repeated key for a list, nothing for null", async () => {
  const { http, seen } = fakePve(() => data(null));
  const form = { name: "a b&c=é\n", full: true, purge: false, pool: null, cores: 2, command: ["a", "b"] };
  await http.post(["x"], { ...any, form });
  assert.equal(seen[0]?.body, "name=a+b%26c%3D%C3%A9%0A&full=1&purge=0&cores=2&command=a&command=b");
  assert.equal(seen[0]?.headers["Content-Type"], "application/x-www-form-urlencoded");
});

test("a POST without parameters has neither body nor content type", async () => {
  const { http, seen } = fakePve(() => data(null));
  await http.post(["nodes", "pve1", "qemu", 101, "status", "start"], any);
  assert.equal(seen[0]?.body, undefined);
  assert.equal(seen[0]?.headers["Content-Type"], undefined);
});

test("a DELETE has its parameters in the query, and no body", async () => {
  const { http, seen } = fakePve(() => data(null));
  await http.delete(["nodes", "pve1", "qemu", 101], { ...any, query: { purge: true } });
  assert.equal(seen[0]?.path, "/nodes/pve1/qemu/101?purge=1");
  assert.equal(seen[0]?.body, undefined);
});

test("a part of a path is encoded as one part", async () => {
  const { http, seen } = fakePve(() => data(null));
  await http.get(["nodes", "pve1", "storage", "lab", "content", "lab:iso/x y.iso"], any);
  assert.equal(seen[0]?.path, "/nodes/pve1/storage/lab/content/lab%3Aiso%2Fx%20y.iso");
});

test("a part of a path that a URL would swallow is refused before anything is sent", async () => {
  const { http, seen } = fakePve(() => data(null));
  for (const part of ["..", ".", ""]) {
    await assert.rejects(http.delete(["nodes", "pve1", "qemu", part], any), (e) => hasCode(e, "invalid"));
  }
  assert.equal(seen.length, 0);
});

test("a URL with a path of its own keeps it", async () => {
  const urls: string[] = [];
  const http = createHttp({
    url: new URL("https://proxy.test/pve/"),
    tokenId: "gha@pve!test",
    tokenSecret: new Secret(secretText),
    clock: stillClock,
    fetch: async (url) => {
      urls.push(url);
      return data(null);
    },
  });
  await http.get(["version"], any);
  assert.deepEqual(urls, ["https://proxy.test/pve/api2/json/version"]);
});

test("a question is asked again when the connection breaks, and no more than four times", async () => {
  const healed = fakePve(
    () => Promise.reject(broken("ECONNRESET")),
    () => bare(595, "Connection refused"),
    () => data("100"),
  );
  assert.equal(await healed.clock.until(healed.http.get(["cluster", "nextid"], any)), "100");

  const dead = fakePve(() => Promise.reject(broken("ECONNREFUSED")));
  await assert.rejects(dead.clock.until(dead.http.get(["version"], any)), (e) => hasCode(e, "unavailable"));
  assert.equal(dead.seen.length, 4);
});

test("a refusal is not asked again", async () => {
  const { http, seen } = fakePve(() => bare(401, "Authentication failed!"));
  await assert.rejects(http.get(["version"], any), (e) => hasCode(e, "unauthorized"));
  assert.equal(seen.length, 1);
});

for (const [what, reply] of [
  ["a reset connection", () => Promise.reject(broken("ECONNRESET"))],
  ["a 596", () => bare(596, "Broken pipe")],
  [
    "a body that breaks off",
    () => new Response(new ReadableStream({ pull: (c) => c.error(broken("UND_ERR_SOCKET")) })),
  ],
] as const satisfies readonly (readonly [string, Reply])[]) {
  test(`a change is never sent again after ${what}: its answer is lost`, async () => {
    const { http, seen } = fakePve(reply);
    await assert.rejects(http.post(["nodes", "pve1", "qemu", 9000, "clone"], any), (e) => hasCode(e, "lost_answer"));
    assert.equal(seen.length, 1);
  });
}

test("a change that found nobody is unavailable and is not sent again", async () => {
  const { http, seen } = fakePve(() => Promise.reject(broken("ECONNREFUSED")));
  await assert.rejects(http.put(["x"], any), (e) => hasCode(e, "unavailable"));
  assert.equal(seen.length, 1);
});

test("`got no worker upid` says that nothing was done: the change is sent once more, once", async () => {
  const sentence = "got no worker upid - start worker failed";
  const healed = fakePve(
    () => refusal(500, sentence),
    () => data("UPID:x"),
  );
  assert.equal(await healed.http.post(["x"], any), "UPID:x");

  const ill = fakePve(() => refusal(500, sentence));
  await assert.rejects(ill.http.post(["x"], any), (e) => hasCode(e, "unavailable") && e.message.includes(sentence));
  assert.equal(ill.seen.length, 2);
});

test("without an answer for thirty seconds a question times out, and a change has lost its answer", async () => {
  const { http, clock, calls } = fakePve(hangs);
  const began = clock.now();
  await assert.rejects(clock.until(http.get(["version"], any)), (e) => hasCode(e, "timeout") && /30 s/.test(e.message));
  assert.equal(clock.now() - began, 30_000);
  await assert.rejects(clock.until(http.put(["x"], any)), (e) => hasCode(e, "lost_answer"));
  assert.deepEqual(calls, ["GET /version timeout", "PUT /x lost_answer"]);
});

test("a call may have a deadline of its own", async () => {
  const { http, clock } = fakePve(hangs);
  const began = clock.now();
  await assert.rejects(clock.until(http.get(["version"], { ...any, deadline: 5_000 })), (e) => hasCode(e, "timeout"));
  assert.equal(clock.now() - began, 5_000);
});

test("a deadline that is a point in time is a mistake of ours and says so", async () => {
  const { http } = fakePve(() => data(null));
  const wrong = http.get(["version"], { ...any, deadline: 1_800_000_000_000 });
  await assert.rejects(wrong, (e) => hasCode(e, "internal") && /duration/.test(e.message));
});

test("an aborted question ends with the signal's reason, in the call and in the pause before the next", async () => {
  const reason = new Error("shutdown");
  const inCall = new AbortController();
  const hanging = fakePve(hangs).http.get(["version"], { ...any, signal: inCall.signal });
  inCall.abort(reason);
  await assert.rejects(hanging, reason);

  const inPause = new AbortController();
  const { http, seen } = fakePve(() => Promise.reject(broken("ECONNRESET")));
  const pausing = http.get(["version"], { ...any, signal: inPause.signal });
  await quiet();
  inPause.abort(reason);
  await assert.rejects(pausing, reason);
  assert.equal(seen.length, 1);
});

test("a change that is aborted on its way has lost its answer; before its way it was never sent", async () => {
  const stop = new AbortController();
  const { http, seen } = fakePve(hangs);
  const call = http.post(["x"], { ...any, signal: stop.signal });
  await quiet();
  stop.abort(new Error("shutdown"));
  await assert.rejects(call, (e) => hasCode(e, "lost_answer"));
  await assert.rejects(http.post(["x"], { ...any, signal: stop.signal }), /shutdown/);
  assert.equal(seen.length, 1);
});

test("a success of another shape is an internal error that names the call", async () => {
  for (const [reply, what] of [
    [() => new Response("<html>"), /^PVE GET \/version: the answer is not JSON$/],
    [() => Response.json({}), /^PVE GET \/version: the answer has no data$/],
    [() => data({ version: 8 }), /^PVE GET \/version: the answer has another shape: data\.version: /],
  ] as const satisfies readonly (readonly [Reply, RegExp])[]) {
    const call = fakePve(reply).http.get(["version"], { schema: z.object({ version: z.string() }), signal: never });
    await assert.rejects(call, (e) => hasCode(e, "internal") && what.test(e.message));
  }
});

test("a server that echoes the secret does not bring it into an error", async () => {
  const { http } = fakePve(() => refusal(400, `bad ${secretText}`, { errors: { x: `got '${secretText}'` } }));
  const error = await http.post(["x"], any).catch((e: unknown) => e);
  assert.ok(error instanceof DispatcherError);
  assert.ok(!inspect(error, { depth: 9 }).includes(secretText));
  assert.match(error.message, /bad \[secret\]/);
});

test("a token that cannot be a header is refused without being shown", () => {
  const make = (tokenId: string, secret: string): unknown =>
    createHttp({
      url: new URL("https://pve.test"),
      tokenId,
      tokenSecret: new Secret(secret),
      clock: stillClock,
      fetch: async () => data(null),
    });
  const bad = `${secretText}\n`;
  assert.throws(
    () => make("gha@pve!test", bad),
    (e) => hasCode(e, "invalid") && !inspect(e).includes(secretText),
  );
  assert.throws(() => make("gha@pve", secretText), /not of the form user@realm!name/);
});

test("each exchange is told, also one that is repeated", async () => {
  const { http, clock, calls } = fakePve(
    () => bare(595, "Connection refused"),
    () => data(1),
  );
  await clock.until(http.get(["version"], any));
  assert.deepEqual(calls, ["GET /version unavailable", "GET /version ok"]);
});
