import type { WebSocket } from "undici";
import { DispatcherError } from "../domain/errors.ts";
import { type Clock, type Ms, SECOND } from "../domain/time.ts";
import { type ConsoleGuest, type ConsoleTicket, consolePath } from "./console-calls.ts";
import { Overdue, withDeadline } from "./deadline.ts";
import { connect, type WebSocketOptions } from "./websocket.ts";

export interface ConsoleOptions extends WebSocketOptions {
  readonly clock: Clock;
}

/** A guest's terminal. Whoever opens it closes it. */
export interface Console {
  /** What the terminal prints, in chunks as they come. Ends when the terminal closes; can be read once. */
  readonly output: AsyncIterable<Uint8Array>;
  /** Typed as it is: a line ends with `\r`. */
  type(text: string): void;
  resize(columns: number, rows: number): void;
  close(): void;
}

/** Connects with a ticket of `termproxy`, which is good for a few seconds and for one connection. */
export async function openConsole(
  options: ConsoleOptions,
  guest: ConsoleGuest,
  ticket: ConsoleTicket,
  signal: AbortSignal,
): Promise<Console> {
  const { clock } = options;
  const what = `console of guest ${guest.vmid}`;
  const path = [...consolePath(guest), "vncwebsocket"];
  const { socket, failure } = connect(options, path, { port: ticket.port, vncticket: ticket.ticket.reveal() });
  const chunks = chunksOf(socket, failure);
  const ended = new AbortController();
  const close = (): void => {
    ended.abort();
    socket.close();
  };
  socket.addEventListener("close", () => ended.abort(), { once: true });
  try {
    const greet = (): Promise<Uint8Array> => greeted(socket, chunks, ticket, what);
    const rest = await withDeadline(greet, { clock, deadline: connectWithin, signal });
    if (rest.length > 0) chunks.putBack(rest);
  } catch (error) {
    close();
    if (!(error instanceof Overdue)) throw error;
    throw new DispatcherError("timeout", `${what}: ${error.message}`);
  }
  void keptAlive(socket, clock, ended.signal);

  return {
    output: chunks,
    type(text) {
      // The length counts bytes, not characters.
      socket.send(`0:${Buffer.byteLength(text)}:${text}`);
    },
    resize: (columns, rows) => socket.send(`1:${columns}:${rows}:`),
    close,
  };
}

const connectWithin: Ms = 10 * SECOND;
/** The terminal hangs up on a connection that says nothing for some minutes, proxies sooner. */
const betweenSigns: Ms = 30 * SECOND;

/** The first frame proves who we are; the terminal says `OK`, and sometimes in the same frame what it prints. */
async function greeted(socket: WebSocket, chunks: Chunks, { user, ticket }: ConsoleTicket, what: string) {
  socket.addEventListener("open", () => socket.send(`${user}:${ticket.reveal()}\n`), { once: true });
  let said = Buffer.alloc(0);
  while (said.length < 2) {
    const { value, done } = await chunks.next();
    if (done === true) throw new DispatcherError("unavailable", `${what}: closed before it was opened`);
    said = Buffer.concat([said, value]);
  }
  if (said.subarray(0, 2).toString() === "OK") return said.subarray(2);
  throw new DispatcherError("unauthorized", `${what}: the terminal did not take the ticket`, {
    remedy: "open it within a few seconds after the ticket was given",
  });
}

async function keptAlive(socket: WebSocket, clock: Clock, ended: AbortSignal): Promise<void> {
  try {
    for (;;) {
      await clock.sleep(betweenSigns, ended);
      socket.send("2");
    }
  } catch {
    // It was closed.
  }
}

interface Chunks extends AsyncIterableIterator<Uint8Array> {
  putBack(chunk: Uint8Array): void;
}

function chunksOf(socket: WebSocket, reason: () => DispatcherError): Chunks {
  const waiting: Uint8Array[] = [];
  let wake = (): void => {};
  let closed = false;
  let failure: DispatcherError | null = null;
  socket.addEventListener("message", ({ data }) => {
    waiting.push(typeof data === "string" ? Buffer.from(data) : new Uint8Array(data));
    wake();
  });
  socket.addEventListener("error", () => {
    failure = reason();
    closed = true;
    wake();
  });
  socket.addEventListener("close", () => {
    closed = true;
    wake();
  });
  return {
    async next() {
      for (;;) {
        const value = waiting.shift();
        if (value !== undefined) return { value, done: false };
        if (failure !== null) throw failure;
        if (closed) return { value: undefined, done: true };
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    putBack: (chunk) => waiting.unshift(chunk),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
