import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { after, before, test } from "node:test";
import { DispatcherError, hasCode } from "../../src/domain/errors.ts";
import { asNodeName, asStorageName, asVmid } from "../../src/domain/ids.ts";
import { Secret } from "../../src/domain/secret.ts";
import { createClient, type ProxmoxClient } from "../../src/proxmox/client.ts";
import { createHttp } from "../../src/proxmox/http.ts";
import { createFetch, fingerprintOf, type Trust } from "../../src/proxmox/tls.ts";
import { selfSigned } from "./certificate.ts";
import { quiet, stillClock } from "./fake-clock.ts";
import { never } from "./fake-pve.ts";

const upid = "UPID:pve1:00002627:0005C604:6B014D5A:imgcopy::gha@pve!test:";
const onLoopback = selfSigned({ ip: [127, 0, 0, 1] });
const elsewhere = selfSigned({ dns: "pve.example" });
const spelled = (sha256: string): string => (sha256.toUpperCase().match(/../g) ?? []).join(":");

interface Request {
  readonly line: string;
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly socket: Socket;
}

/** Answers everything with 200 and notes what it was sent. */
class LoopbackPve {
  readonly requests: Request[] = [];
  readonly #server: Server;

  constructor(certificate: { readonly key: string; readonly pem: string }) {
    this.#server = createServer({ key: certificate.key, cert: certificate.pem }, (request, response) => {
      const pieces: Buffer[] = [];
      request.on("data", (piece: Buffer) => pieces.push(piece));
      request.on("end", () => {
        const { method, url, rawHeaders, socket } = request;
        this.requests.push({ line: `${method} ${url}`, headers: rawHeaders, body: Buffer.concat(pieces), socket });
        if (url?.endsWith("/status/stop")) {
          socket.destroy();
          return;
        }
        const data = url?.endsWith("/upload") ? upid : { version: "8.4.21", release: "8.4" };
        response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify({ data }));
      });
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  get url(): URL {
    return new URL(`https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

const pve = new LoopbackPve(onLoopback);
const foreign = new LoopbackPve(elsewhere);

before(async () => {
  await Promise.all([pve.listen(), foreign.listen()]);
});
after(() => {
  pve.close();
  foreign.close();
});

async function withClient<T>(url: URL, trust: Trust, use: (client: ProxmoxClient) => Promise<T>): Promise<T> {
  const { fetch, close } = createFetch(trust);
  const tokenSecret = new Secret("secret-of-the-token");
  const http = createHttp({ url, tokenId: "gha@pve!test", tokenSecret, fetch, clock: stillClock });
  return use(createClient(http)).finally(close);
}

const refused = (url: URL, trust: Trust): Promise<unknown> =>
  withClient(url, trust, (client) => client.version(never)).catch((error: unknown) => error);

test("the right fingerprint is trusted, whatever name the certificate is for", async () => {
  const version = await withClient(foreign.url, { kind: "fingerprint", sha256: elsewhere.sha256 }, (client) =>
    client.version(never),
  );
  assert.equal(version.release, "8.4");
});

test("a wrong fingerprint is refused before any byte of a request is sent, and both are shown", async () => {
  const already = pve.requests.length;
  const error = await refused(pve.url, { kind: "fingerprint", sha256: elsewhere.sha256 });
  assert.ok(hasCode(error, "untrusted"));
  assert.equal(
    error.message,
    `PVE at ${pve.url.origin}: its certificate shows fingerprint ${spelled(onLoopback.sha256)}, expected ${spelled(elsewhere.sha256)}`,
  );
  assert.equal(pve.requests.length, already);
});

test("a self-signed certificate is refused with its fingerprint ready to paste, without a request", async () => {
  const already = pve.requests.length;
  const error = await refused(pve.url, { kind: "system" });
  assert.ok(hasCode(error, "untrusted"));
  const shown = spelled(onLoopback.sha256);
  assert.equal(
    error.message,
    `PVE at ${pve.url.origin}: its certificate is self-signed; if its SHA-256 fingerprint is ${shown}, set PROXMOX_FINGERPRINT=${shown}`,
  );
  assert.equal(pve.requests.length, already);
});

test("a certificate of a given authority is trusted for its own name only", async () => {
  const version = await withClient(pve.url, { kind: "ca", pem: onLoopback.pem }, (client) => client.version(never));
  assert.equal(version.version, "8.4.21");
  const error = await refused(foreign.url, { kind: "ca", pem: elsewhere.pem });
  assert.ok(hasCode(error, "untrusted"));
  assert.match(error.message, /its certificate is for another name; if its SHA-256 fingerprint is /);
});

test("a certificate of another authority than the given one is refused", async () => {
  assert.ok(hasCode(await refused(pve.url, { kind: "ca", pem: elsewhere.pem }), "untrusted"));
});

test("with no trust asked for, every certificate will do", async () => {
  assert.equal((await withClient(foreign.url, { kind: "none" }, (client) => client.version(never))).release, "8.4");
});

test("a fingerprint is of no use without TLS, and the token is not sent", async () => {
  const { createServer: createPlain } = await import("node:http");
  let requests = 0;
  const plain = createPlain((_, response) => {
    requests++;
    response.end("{}");
  });
  await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
  const url = new URL(`http://127.0.0.1:${(plain.address() as AddressInfo).port}`);
  const error = await refused(url, { kind: "fingerprint", sha256: onLoopback.sha256 });
  plain.close();
  assert.ok(hasCode(error, "untrusted"));
  assert.equal(requests, 0);
});

test("the fingerprint of a server can be asked without a request", async () => {
  const already = pve.requests.length;
  assert.equal(await fingerprintOf(pve.url), spelled(onLoopback.sha256));
  assert.equal(pve.requests.length, already);
});

test("nobody at the address is unavailable, for a change too", async () => {
  const gone = new LoopbackPve(onLoopback);
  await gone.listen();
  const { url } = gone;
  gone.close();
  const error = await withClient(url, { kind: "none" }, (client) =>
    client.start(asNodeName("pve1"), asVmid(101), never).catch((e: unknown) => e),
  );
  assert.ok(error instanceof DispatcherError);
  assert.equal(error.code, "unavailable");
});

test("a server that is not TLS is unavailable before a change is sent", async () => {
  const { createServer: createPlain } = await import("node:net");
  const plain = createPlain((socket) => socket.destroy());
  await new Promise<void>((resolve) => plain.listen(0, "127.0.0.1", resolve));
  const url = new URL(`https://127.0.0.1:${(plain.address() as AddressInfo).port}`);
  const error = await withClient(url, { kind: "none" }, (client) =>
    client.start(asNodeName("pve1"), asVmid(101), never).catch((e: unknown) => e),
  );
  plain.close();
  assert.ok(hasCode(error, "unavailable"));
});

test("a connection that closes after a change was read has lost its answer, and the change was sent once", async () => {
  const already = pve.requests.length;
  const error = await withClient(pve.url, { kind: "none" }, (client) =>
    client.stop(asNodeName("pve1"), asVmid(101), never).catch((e: unknown) => e),
  );
  assert.ok(hasCode(error, "lost_answer"));
  assert.equal(pve.requests.length, already + 1);
});

test("calls that follow one another use one connection", async () => {
  const already = pve.requests.length;
  await withClient(pve.url, { kind: "none" }, async (client) => {
    await client.version(never);
    // The connection is free again a moment after its answer was read.
    await quiet();
    await client.version(never);
  });
  const [first, second] = pve.requests.slice(already);
  assert.ok(first !== undefined && second !== undefined);
  assert.ok(first.socket === second.socket);
});

test("an upload has its fields before the file, a bare boundary and a length", async () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, n) => n % 256);
  const answer = await withClient(pve.url, { kind: "none" }, (client) =>
    client.upload(asNodeName("pve1"), asStorageName("lab"), { content: "iso", name: "d-5001.iso", bytes }, never),
  );
  assert.equal(answer, upid);
  const request = pve.requests.at(-1);
  assert.ok(request !== undefined);
  assert.equal(request.line, "POST /api2/json/nodes/pve1/storage/lab/upload");
  const header = (name: string): string =>
    request.headers[request.headers.findIndex((h, n) => n % 2 === 0 && h.toLowerCase() === name) + 1] ?? "";
  assert.equal(header("content-length"), String(request.body.length));
  const boundary = /^multipart\/form-data; boundary=([\w-]+)$/.exec(header("content-type"))?.[1] ?? "";
  const sum = createHash("sha256").update(bytes).digest("hex");
  const expected = Buffer.concat([
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="content"\r\n\r\niso\r\n` +
        `--${boundary}\r\nContent-Disposition: form-data; name="checksum-algorithm"\r\n\r\nsha256\r\n` +
        `--${boundary}\r\nContent-Disposition: form-data; name="checksum"\r\n\r\n${sum}\r\n` +
        `--${boundary}\r\nContent-Disposition: form-data; name="filename"; filename="d-5001.iso"\r\n` +
        "Content-Type: application/octet-stream\r\n\r\n",
    ),
    bytes,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  assert.deepEqual(request.body, expected);
});
