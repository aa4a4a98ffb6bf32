import type { Executed } from "../machine.ts";
import type { Agent } from "./agent.ts";

const chunk = 1024 * 1024;

/** Null where the guest has no such file. */
export async function readGuestFile(agent: Agent, path: string): Promise<Uint8Array | null> {
  const handle = await opened(agent, path, "r");
  if (handle === null) return null;
  const parts: Buffer[] = [];
  try {
    for (;;) {
      const read = (await agent.ask("guest-file-read", { handle, count: chunk })) as {
        "buf-b64": string;
        eof: boolean;
      };
      parts.push(Buffer.from(read["buf-b64"], "base64"));
      if (read.eof) return new Uint8Array(Buffer.concat(parts));
    }
  } finally {
    await agent.ask("guest-file-close", { handle });
  }
}

/** In three steps, as PVE does it: whoever watches the file may see it empty. */
export async function writeGuestFile(agent: Agent, path: string, content: Uint8Array): Promise<boolean> {
  const handle = await opened(agent, path, "w");
  if (handle === null) return false;
  await agent.ask("guest-file-write", { handle, "buf-b64": Buffer.from(content).toString("base64") });
  await agent.ask("guest-file-close", { handle });
  return true;
}

/** Null where there is no such program. */
export async function startInGuest(agent: Agent, command: readonly string[], input: string): Promise<number | null> {
  const [path = "", ...arg] = command;
  const given = { path, arg, "input-data": Buffer.from(input).toString("base64"), "capture-output": true };
  const started = await agent.ask("guest-exec", given).catch(() => null);
  return started === null ? null : (started as { pid: number }).pid;
}

/** Null for a process that the agent does not know, or has told of already. */
export async function askForEnd(agent: Agent, pid: number): Promise<Executed | null> {
  const told = (await agent.ask("guest-exec-status", { pid }).catch(() => null)) as {
    exited: boolean;
    exitcode?: number;
    signal?: number;
    "out-data"?: string;
    "err-data"?: string;
  } | null;
  if (told === null) return null;
  if (!told.exited) return { running: true };
  const text = (data: string | undefined): string => Buffer.from(data ?? "", "base64").toString("latin1");
  return {
    running: false,
    exitCode: told.exitcode ?? 0,
    signal: told.signal ?? null,
    output: text(told["out-data"]),
    errors: text(told["err-data"]),
  };
}

const opened = (agent: Agent, path: string, mode: "r" | "w"): Promise<unknown> =>
  agent.ask("guest-file-open", { path, mode }).catch(() => null);
