import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { Handler } from "./handler.ts";
import { acceptWebSocket, type Connect } from "./websocket.ts";

/** `pve`: closes after errors, and an idle connection after five seconds. */
export type ServerProfile = "pve" | "plain";

export interface ServeOptions {
  readonly handler: Handler;
  readonly tls: { readonly key: string; readonly cert: string } | null;
  readonly address: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly profile?: ServerProfile;
  /** For websockets; left out, there are none. */
  readonly connect?: Connect;
}

export interface Served {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

const idleMs = 5_000;
const perConnection = 100;

export async function serve(options: ServeOptions): Promise<Served> {
  const { tls, address } = options;
  const pve = options.profile === "pve";
  const scheme = tls === null ? "http" : "https";
  const listener = listenerFor(options.handler, { scheme, closeOnError: pve });
  const server = tls === null ? createServer(listener) : createTlsServer({ key: tls.key, cert: tls.cert }, listener);
  if (pve) {
    server.keepAliveTimeout = idleMs;
    server.maxRequestsPerSocket = perConnection;
  }
  const { connect } = options;
  const upgraded = new Set<Duplex>();
  if (connect !== undefined) {
    server.on("upgrade", (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
      upgraded.add(socket);
      socket.once("close", () => upgraded.delete(socket));
      upgrade(connect, scheme, incoming, socket, head).catch((error: unknown) => {
        socket.destroy(error instanceof Error ? error : undefined);
      });
    });
  }
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, address, () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  const host = address.includes(":") ? `[${address}]` : address;
  return {
    port,
    url: `${scheme}://${host}:${port}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined ? resolve() : reject(error)));
        server.closeAllConnections();
        for (const socket of upgraded) socket.destroy();
      }),
  };
}

interface Manner {
  readonly scheme: "http" | "https";
  readonly closeOnError: boolean;
}

function listenerFor(handler: Handler, manner: Manner): RequestListener {
  return (incoming, outgoing) => {
    answer(handler, manner, incoming, outgoing).catch((error: unknown) => {
      // The handler broke, or the client went away: nothing can be said any more.
      outgoing.destroy(error instanceof Error ? error : undefined);
    });
  };
}

async function answer(
  handler: Handler,
  { scheme, closeOnError }: Manner,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const response = await handler(await requestOf(incoming, scheme));
  const body = Buffer.from(await response.arrayBuffer());
  outgoing.statusCode = response.status;
  if (response.statusText !== "") outgoing.statusMessage = response.statusText;
  for (const [name, value] of response.headers) if (name !== "set-cookie") outgoing.setHeader(name, value);
  for (const cookie of response.headers.getSetCookie()) outgoing.appendHeader("set-cookie", cookie);
  if (closeOnError && response.status >= 400) outgoing.setHeader("connection", "close");
  const bodiless = response.status === 204 || response.status === 304 || incoming.method === "HEAD";
  if (!bodiless) outgoing.setHeader("content-length", body.length);
  outgoing.end(bodiless ? undefined : body);
}

async function upgrade(
  connect: Connect,
  scheme: Manner["scheme"],
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  socket.on("error", () => {});
  const url = `${scheme}://${incoming.headers.host ?? "localhost"}${incoming.url ?? "/"}`;
  const answer = await connect(new Request(url, { headers: headersOf(incoming) }));
  if (answer instanceof Response) socket.end(await refusalText(answer));
  else acceptWebSocket(incoming, socket, head, answer);
}

async function refusalText(response: Response): Promise<string> {
  const body = await response.text();
  const head = `HTTP/1.1 ${response.status} ${response.statusText}`;
  return `${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
}

function headersOf(incoming: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    for (const one of [value ?? []].flat()) headers.append(name, one);
  }
  return headers;
}

async function requestOf(incoming: IncomingMessage, scheme: string): Promise<Request> {
  const method = incoming.method ?? "GET";
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const headers = headersOf(incoming);
  // A path that begins with two slashes would otherwise be taken for another host.
  const url = `${scheme}://${incoming.headers.host ?? "localhost"}${incoming.url ?? "/"}`;
  const bytes = Buffer.concat(chunks);
  const body = method === "GET" || method === "HEAD" || bytes.length === 0 ? {} : { body: new Uint8Array(bytes) };
  return new Request(url, { method, headers, ...body });
}
