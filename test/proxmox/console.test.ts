import assert from "node:assert/strict";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { hasCode } from "../../src/domain/errors.ts";
import { asNodeName, asUpid, asVmid } from "../../src/domain/ids.ts";
import { Secret } from "../../src/domain/secret.ts";
import { type Console, openConsole } from "../../src/proxmox/console.ts";
import { createAgent } from "../../src/proxmox/tls.ts";
import { selfSigned } from "./certificate.ts";
import { FakeClock, stillClock } from "./fake-clock.ts";
import { never, secretText } from "./fake-pve.ts";
import { type Terminal, terminal } from "./terminal.ts";

const guest = { node: asNodeName("pve1"), vmid: asVmid(200), type: "lxc" as const };
const ticket = {
  user: "exp@pve!t",
  ticket: new Secret("PVEVNC:abc+/="),
  port: 5900,
  upid: asUpid("UPID:pve1:00006142:000A33AC:6B0158B0:vncproxy:200:exp@pve!t:"),
};

async function withTerminal(
  answer: Parameters<typeof terminal>[0],
  work: (stage: { pve: Terminal; clock: FakeClock; open: (signal?: AbortSignal) => Promise<Console> }) => Promise<void>,
): Promise<void> {
  const pve = await terminal(answer);
  const clock = new FakeClock();
  const dispatcher = createAgent({ kind: "system" });
  const options = { url: pve.url, tokenId: "exp@pve!t", tokenSecret: new Secret(secretText), dispatcher, clock };
  try {
    await work({ pve, clock, open: (signal = never) => openConsole(options, guest, ticket, signal) });
  } finally {
    await pve.close();
    await dispatcher.destroy();
  }
}

const textOf = (chunk: Uint8Array | undefined): string => Buffer.from(chunk ?? []).toString();

test("a console asks with the token, and proves itself with the ticket in its first frame", async () => {
  await withTerminal("OK", async ({ pve, open }) => {
    const opened = await open();
    const [request] = pve.requests;
    assert.equal(request?.url, "/api2/json/nodes/pve1/lxc/200/vncwebsocket?port=5900&vncticket=PVEVNC%3Aabc%2B%2F%3D");
    assert.equal(request?.headers.authorization, `PVEAPIToken=exp@pve!t=${secretText}`);
    assert.equal(request?.headers["sec-websocket-protocol"], "binary");
    assert.equal(await pve.heard(), "exp@pve!t:PVEVNC:abc+/=\n");
    opened.close();
  });
});

test("what is typed is counted in bytes, and what is printed comes as it is", async () => {
  await withTerminal("OKmore", async ({ pve, open }) => {
    const opened = await open();
    await pve.heard();
    const output = opened.output[Symbol.asyncIterator]();
    assert.equal(textOf((await output.next()).value), "login: ");
    opened.resize(80, 24);
    opened.type("rö\r");
    assert.equal(await pve.heard(), "1:80:24:");
    assert.equal(await pve.heard(), "0:4:rö\r");
    pve.say("Passwort: ä");
    assert.equal(textOf((await output.next()).value), "Passwort: ä");
    pve.hangUp();
    assert.equal((await output.next()).done, true);
  });
});

test("a console that is idle shows that it lives, until it is closed", async () => {
  await withTerminal("OK", async ({ pve, clock, open }) => {
    const opened = await open();
    await pve.heard();
    assert.equal(await clock.until(pve.heard()), "2");
    assert.equal(await clock.until(pve.heard()), "2");
    opened.close();
  });
});

test("a terminal that hangs up at once did not open", async () => {
  await withTerminal("refuse", async ({ open }) => {
    await assert.rejects(open(), (e) => hasCode(e, "unavailable") && /guest 200: closed before/.test(e.message));
  });
});

test("a console that PVE refuses is an error that holds neither token nor ticket", async () => {
  await withTerminal("403", async ({ open }) => {
    await assert.rejects(open(), (e) => {
      assert.ok(hasCode(e, "forbidden"));
      assert.equal(e.details.remedy, "grant VM.Console on /vms/200 to the token (and to its user)");
      assert.ok(!e.message.includes(secretText) && !e.message.includes("abc+"));
      return true;
    });
  });
});

test("a console whose server shows another certificate never sees the token", async () => {
  const { key, pem } = selfSigned({ ip: [127, 0, 0, 1] });
  let asked = 0;
  const server = createServer({ key, cert: pem }).on("upgrade", () => asked++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const dispatcher = createAgent({ kind: "fingerprint", sha256: "0".repeat(64) });
  const options = { url, tokenId: "exp@pve!t", tokenSecret: new Secret(secretText), dispatcher, clock: stillClock };
  await assert.rejects(openConsole(options, guest, ticket, never), (e) => hasCode(e, "untrusted"));
  assert.equal(asked, 0);
  await dispatcher.destroy();
  server.closeAllConnections();
  server.close();
});

test("a console is given up when nobody wants it any more", async () => {
  await withTerminal("silent", async ({ pve, open }) => {
    const stop = new AbortController();
    const opening = open(stop.signal);
    await pve.heard();
    stop.abort(new Error("enough"));
    await assert.rejects(opening, /enough/);
  });
});
