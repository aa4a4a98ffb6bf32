import { connect, type Socket } from "node:net";

/** Messages of QEMU's and its guest agent's: a line of JSON each. */
export interface JsonLines {
  send(message: object): void;
  close(): void;
}

/** Connects to a socket that appears when QEMU has started; `dead` ends the trying. */
export function jsonLines(
  path: string,
  hear: (message: Readonly<Record<string, unknown>>) => void,
  dead: AbortSignal,
): JsonLines {
  let socket: Socket | null = null;
  let waiting: string[] = [];

  const open = (): void => {
    if (dead.aborted) return;
    let rest = "";
    const fresh = connect(path);
    fresh.once("connect", () => {
      socket = fresh;
      for (const text of waiting) fresh.write(text);
      waiting = [];
    });
    fresh.on("data", (chunk: Buffer) => {
      const lines = (rest + chunk.toString("utf8")).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.trim() !== "") hear(JSON.parse(line.replace(/^\uFFFD+/, "")));
    });
    fresh.on("error", () => {});
    fresh.once("close", () => {
      if (socket === null) setTimeout(open, 100).unref();
    });
  };
  dead.addEventListener("abort", () => socket?.destroy(), { once: true });
  open();

  return {
    send(message) {
      const text = `${JSON.stringify(message)}\n`;
      if (socket === null) waiting.push(text);
      else if (!socket.destroyed) socket.write(text);
    },
    close: () => socket?.destroy(),
  };
}
