import type { Keyboard } from "../container.ts";
import type { Listener, Peer } from "../websocket.ts";

/** More than this in one message does not fit, and it would wait for the rest for ever. */
const buffer = 4096;

export interface Proxied {
  readonly user: string;
  readonly ticket: string;
  attach(print: (bytes: Uint8Array) => void): Keyboard;
  /** Its task ends with it. */
  done(): void;
}

/** PVE's terminal proxy: the first line proves who it is, then come `0:<length>:<keys>`, `1:<columns>:<rows>:` and `2`. */
export function termproxy(console: Proxied, peer: Peer): Listener {
  let keyboard: Keyboard | null = null;
  let waiting = Buffer.alloc(0);
  const hangUp = (): void => {
    keyboard?.hangUp();
    keyboard = null;
    peer.close();
  };

  function greet(): void {
    const end = waiting.indexOf("\n");
    if (end < 0) return;
    const line = waiting.subarray(0, end).toString();
    waiting = waiting.subarray(end + 1);
    if (line !== `${console.user}:${console.ticket}`) {
      hangUp();
      return;
    }
    peer.send(Buffer.from("OK"));
    keyboard = console.attach((bytes) => peer.send(bytes));
  }

  return {
    hear(message) {
      waiting = Buffer.concat([waiting, message]);
      if (keyboard === null) greet();
      while (keyboard !== null && waiting.length > 0) {
        const read = nextMessage(waiting);
        if (read === "bad" || waiting.length > 16 * buffer) {
          hangUp();
          return;
        }
        if (read === null) return;
        waiting = waiting.subarray(read.size);
        if (read.keys !== null) keyboard.type(read.keys);
      }
    },
    end() {
      keyboard?.hangUp();
      keyboard = null;
      console.done();
    },
  };
}

interface Message {
  /** Null: nothing was typed. */
  readonly keys: Buffer | null;
  readonly size: number;
}

function nextMessage(data: Buffer): Message | "bad" | null {
  const text = data.subarray(0, 24).toString("latin1");
  if (text.startsWith("2")) return { keys: null, size: 1 };
  const size = /^1:\d+:\d+:/.exec(text)?.[0].length;
  if (size !== undefined) return { keys: null, size };
  const head = /^0:(\d+):/.exec(text);
  if (head === null) return /^([01](:\d*){0,2})?$/.test(text) ? null : "bad";
  const [start = "", digits = ""] = head;
  if (Number(digits) + start.length > buffer) return "bad";
  const end = start.length + Number(digits);
  return data.length < end ? null : { keys: Buffer.from(data.subarray(start.length, end)), size: end };
}
