import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

/** What a served emulator says to somebody who wants a websocket. */
export type Connect = (request: Request) => Promise<Response | Accept>;
/** Told how to send and to hang up; gives what listens. */
export type Accept = (peer: Peer) => Listener;

export interface Peer {
  send(message: Uint8Array): void;
  close(): void;
}

export interface Listener {
  hear(message: Uint8Array): void;
  /** The other side is gone. */
  end(): void;
}

const magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const opcode = { continuation: 0, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Answers the handshake of RFC 6455 and speaks it from then on. */
export function acceptWebSocket(incoming: IncomingMessage, socket: Duplex, head: Buffer, accept: Accept): void {
  const key = `${incoming.headers["sec-websocket-key"] ?? ""}${magic}`;
  const protocol = incoming.headers["sec-websocket-protocol"];
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${createHash("sha1").update(key).digest("base64")}`,
    ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol.split(",")[0]?.trim() ?? ""}`]),
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  let open = true;
  const close = (): void => {
    if (!open) return;
    open = false;
    socket.end(frameOf(opcode.close, new Uint8Array()));
    listener.end();
  };
  const listener = accept({
    send: (message) => {
      if (open) socket.write(frameOf(opcode.binary, message));
    },
    close,
  });
  let data: Buffer = Buffer.alloc(0);
  let parts: Buffer[] = [];
  const hear = (chunk: Buffer): void => {
    data = data.length === 0 ? chunk : Buffer.concat([data, chunk]);
    for (let frame = nextFrame(data); frame !== null && open; frame = nextFrame(data)) {
      data = data.subarray(frame.size);
      if (frame.opcode === opcode.close) close();
      else if (frame.opcode === opcode.ping) socket.write(frameOf(opcode.pong, frame.payload));
      else if (frame.opcode !== opcode.pong) {
        parts.push(frame.payload);
        if (!frame.last) continue;
        listener.hear(Buffer.concat(parts));
        parts = [];
      }
    }
  };
  socket.on("data", hear);
  socket.on("error", close);
  socket.on("close", close);
  if (head.length > 0) hear(head);
}

function frameOf(code: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 0x80 | code;
  if (length < 126) head[1] = length;
  else if (length < 65_536) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, payload]);
}

interface Frame {
  readonly opcode: number;
  readonly last: boolean;
  readonly payload: Buffer;
  readonly size: number;
}

/** The first whole frame, or null. A client masks its own. */
function nextFrame(data: Buffer): Frame | null {
  if (data.length < 2) return null;
  const short = data.readUInt8(1) & 0x7f;
  const extra = short === 126 ? 2 : short === 127 ? 8 : 0;
  const masked = (data.readUInt8(1) & 0x80) !== 0;
  const at = 2 + extra + (masked ? 4 : 0);
  if (data.length < at) return null;
  const length = extra === 0 ? short : extra === 2 ? data.readUInt16BE(2) : Number(data.readBigUInt64BE(2));
  if (data.length < at + length) return null;
  const payload = Buffer.from(data.subarray(at, at + length));
  if (masked) for (let n = 0; n < length; n++) payload[n] = (payload[n] ?? 0) ^ (data[at - 4 + (n % 4)] ?? 0);
  const first = data.readUInt8(0);
  return { opcode: first & 0x0f, last: (first & 0x80) !== 0, payload, size: at + length };
}
