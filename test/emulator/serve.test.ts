import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { type IncomingMessage, request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { after, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { selfSigned } from "../../src/emulator/certificate.ts";
import { serve } from "../../src/emulator/serve.ts";

const now = new Date("2026-05-04T03:02:01Z");
const closers: (() => Promise<void>)[] = [];
after(async () => {
  for (const close of closers) await close();
});

async function served(options: Partial<Parameters<typeof serve>[0]>): Promise<string> {
  const server = await serve({
    handler: async () => new Response("fine"),
    tls: null,
    address: "127.0.0.1",
    port: 0,
    ...options,
  });
  closers.push(() => server.close());
  return server.url;
}

function get(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => plainRequest(url, resolve).on("error", reject).end());
}

test("the reason phrase of a response goes out as it is", async () => {
  const handler = async (): Promise<Response> =>
    new Response(null, { status: 500, statusText: "got no worker upid - start worker failed" });
  const answer = await get(await served({ handler }));
  assert.equal(answer.statusCode, 500);
  assert.equal(answer.statusMessage, "got no worker upid - start worker failed");
});

test("method, path, headers and bytes reach the handler", async () => {
  let seen: unknown;
  const handler = async (request: Request): Promise<Response> => {
    const { method, url, headers } = request;
    seen = {
      method,
      path: new URL(url).pathname,
      token: headers.get("authorization"),
      body: new Uint8Array(await request.arrayBuffer()),
    };
    return Response.json({ data: null });
  };
  const url = await served({ handler });
  const bytes = new Uint8Array([0, 255, 13, 10]);
  const answer = await fetch(`${url}/a%2Fb`, { method: "PUT", body: bytes, headers: { authorization: "x" } });
  assert.deepEqual(await answer.json(), { data: null });
  assert.deepEqual(seen, { method: "PUT", path: "/a%2Fb", token: "x", body: bytes });
});

test("a delete without a body reaches the handler without one", async () => {
  let body: unknown = "not asked";
  const handler = async (request: Request): Promise<Response> => {
    body = request.body;
    return new Response(null);
  };
  await fetch(await served({ handler }), { method: "DELETE" });
  assert.equal(body, null);
});

test("as PVE it closes the connection after an error, and only then", async () => {
  const handler = async (request: Request): Promise<Response> =>
    new Response(null, { status: request.url.endsWith("/bad") ? 400 : 200 });
  const pve = await served({ handler, profile: "pve" });
  const plain = await served({ handler, profile: "plain" });
  assert.equal((await get(`${pve}/bad`)).headers.connection, "close");
  assert.equal((await get(`${plain}/bad`)).headers.connection, "keep-alive");
  assert.equal((await get(`${pve}/good`)).headers.connection, "keep-alive");
  assert.equal((await get(`${pve}/good`)).headers["keep-alive"], "timeout=5, max=100");
});

test("a handler that breaks drops the connection instead of the process", async () => {
  const handler = async (): Promise<Response> => Promise.reject(new Error("broken"));
  await assert.rejects(fetch(await served({ handler })));
});

test("with a certificate it is reached over TLS and shows that very certificate", async () => {
  const made = await selfSigned(["pve.test"], new Date());
  const url = await served({ tls: made });
  assert.match(url, /^https:/);
  const shown = await new Promise<string>((resolve, reject) => {
    tlsRequest(url, { ca: made.cert, servername: "pve.test" }, (answer) => {
      resolve((answer.socket as TLSSocket).getPeerCertificate().fingerprint256);
    })
      .on("error", reject)
      .end();
  });
  assert.equal(shown, made.fingerprint);
});

test("a certificate names its hosts and 127.0.0.1 and is valid for ten years", async () => {
  const { cert, fingerprint } = await selfSigned(["pve.test", "192.0.2.7"], now);
  const read = new X509Certificate(cert);
  assert.equal(read.checkHost("pve.test"), "pve.test");
  assert.equal(read.checkIP("192.0.2.7"), "192.0.2.7");
  assert.equal(read.checkIP("127.0.0.1"), "127.0.0.1");
  assert.equal(new Date(read.validFrom).getTime(), now.getTime());
  assert.equal(new Date(read.validTo).toISOString(), "2036-05-04T03:02:01.000Z");
  assert.equal(fingerprint, read.fingerprint256);
  assert.equal(read.publicKey.asymmetricKeyType, "ec");
});
