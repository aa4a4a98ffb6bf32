import { jsonLines } from "./json-lines.ts";

/** QEMU's own control channel (QMP). */
export interface Monitor {
  /** Rejects with what QEMU said. */
  run(command: string, given?: Readonly<Record<string, unknown>>): Promise<unknown>;
}

export function createMonitor(socket: string, dead: AbortSignal): Monitor {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let last = 0;
  const lines = jsonLines(
    socket,
    (message) => {
      const asked = waiting.get(Number(message.id));
      if (asked === undefined) return;
      waiting.delete(Number(message.id));
      if ("return" in message) asked.resolve(message.return);
      else asked.reject(new Error(describe(message.error)));
    },
    dead,
  );
  lines.send({ execute: "qmp_capabilities" });

  return {
    run: (command, given = {}) =>
      new Promise((resolve, reject) => {
        last += 1;
        waiting.set(last, { resolve, reject });
        lines.send({ execute: command, arguments: given, id: last });
      }),
  };
}

export const describe = (error: unknown): string =>
  typeof error === "object" && error !== null && "desc" in error ? String(error.desc) : "it failed";
