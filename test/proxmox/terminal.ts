import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** A terminal behind a websocket on loopback, as much of RFC 6455 as it needs: short frames, no fragments. */
export interface Terminal {
  readonly url: URL;
  readonly requests: readonly IncomingMessage[];
  /** The next frame that came in, waited for. */
  heard(): Promise<string>;
  say(text: string): void;
  hangUp(): void;
  close(): Promise<void>;
}

export async function terminal(answer: "OK" | "refuse" | "403" | "OKmore" | "silent"): Promise<Terminal> {
  const requests: IncomingMessage[] = [];
  const frames: string[] = [];
  let wake = (): void => {};
  let socket: Socket | null = null;
  const server = createServer((_, response) => response.writeHead(501).end());
  const say = (text: string, opcode = 2): void => {
    const payload = Buffer.from(text);
    socket?.write(Buffer.concat([Buffer.from([0x80 | opcode, payload.length]), payload]));
  };
  server.on("upgrade", (request: IncomingMessage, raw: Socket) => {
    requests.push(request);
    if (answer === "403") {
      raw.end(
        "HTTP/1.1 403 Permission check failed (/vms/200, VM.Console)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
      );
      return;
    }
    socket = raw;
    const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash("sha1").update(key).digest("base64");
    raw.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: binary\r\n\r\n`,
    );
    let data = Buffer.alloc(0);
    let greeted = false;
    raw.on("error", () => {});
    raw.on("data", (chunk: Buffer) => {
      data = Buffer.concat([data, chunk]);
      for (let frame = unmask(data); frame !== null; frame = unmask(data)) {
        data = data.subarray(frame.size);
        // A client that closes waits for the answer to its close frame.
        if (frame.opcode === 8) raw.end(Buffer.from([0x88, 0]));
        else frames.push(frame.text);
        if (!greeted) {
          greeted = true;
          if (answer === "refuse") raw.end(Buffer.from([0x88, 0]));
          else if (answer !== "silent") say(answer === "OKmore" ? "OKlogin: " : "OK");
        }
        wake();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    requests,
    async heard() {
      for (;;) {
        const next = frames.shift();
        if (next !== undefined) return next;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    say,
    hangUp: () => say("", 8),
    close: () =>
      new Promise((resolve) => {
        socket?.destroy();
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** The first whole frame, or null. Clients mask theirs. */
function unmask(data: Buffer): { opcode: number; text: string; size: number } | null {
  if (data.length < 2) return null;
  const short = data.readUInt8(1) & 0x7f;
  const at = short === 126 ? 4 : 2;
  if (data.length < at + 4) return null;
  const length = short === 126 ? data.readUInt16BE(2) : short;
  const size = at + 4 + length;
  if (data.length < size) return null;
  const mask = data.subarray(at, at + 4);
  const text = Buffer.from(data.subarray(at + 4, size).map((byte, n) => byte ^ (mask[n % 4] ?? 0))).toString();
  return { opcode: data.readUInt8(0) & 0x0f, text, size };
}
