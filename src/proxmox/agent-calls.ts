import { z } from "zod";
import { DispatcherError, hasCode } from "../domain/errors.ts";
import type { NodeName, Vmid } from "../domain/ids.ts";
import type { Instant } from "../domain/time.ts";
import { saysAgentIsSilent } from "./errors.ts";
import { guestPath } from "./guest-calls.ts";
import type { PveHttp } from "./http.ts";
import { interfacesData, type NetworkInterface } from "./interfaces.ts";
import { flag, ignoredData, number, optionalNumber } from "./wire.ts";

export type ExecStatus =
  | { readonly kind: "running" }
  | {
      readonly kind: "exited";
      /** Null where a signal ended it. */
      readonly exitCode: number | null;
      readonly signal: number | null;
      readonly out: string;
      readonly err: string;
      readonly truncated: boolean;
    };

/**
 * What the guest agent does inside a virtual machine. An agent that is silent is `unavailable`, after three seconds in
 * which the call holds one of the daemon's three workers.
 */
export interface AgentCalls {
  pingAgent(node: NodeName, vmid: Vmid, signal: AbortSignal): Promise<"answers" | "silent">;
  agentInterfaces(node: NodeName, vmid: Vmid, signal: AbortSignal): Promise<NetworkInterface[]>;
  /** What the guest takes for the time: behind, after it was resumed from a snapshot. */
  agentTime(node: NodeName, vmid: Vmid, signal: AbortSignal): Promise<Instant>;
  /** `truncated`: the file is longer than the 16 MiB that PVE reads. */
  readGuestFile(
    node: NodeName,
    vmid: Vmid,
    file: string,
    signal: AbortSignal,
  ): Promise<{ readonly bytes: Uint8Array; readonly truncated: boolean }>;
  /**
   * At most `mostBytesInGuest`. The file is there empty for a moment before it is whole, and a new one may be read by
   * everyone in the guest: its folder must not be.
   */
  writeGuestFile(node: NodeName, vmid: Vmid, file: string, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** The program's pid. A program that does not exist may be a `lost_answer`: PVE breaks on the agent's message. */
  exec(
    node: NodeName,
    vmid: Vmid,
    command: readonly [program: string, ...args: string[]],
    signal: AbortSignal,
    input?: string,
  ): Promise<number>;
  /** The end can be read only once: a lost answer has taken it along and is a `lost_answer`. */
  execStatus(node: NodeName, vmid: Vmid, pid: number, signal: AbortSignal): Promise<ExecStatus>;
}

/** PVE takes 61440 characters, which are base64 here. */
export const mostBytesInGuest = (61_440 / 4) * 3;

export function agentCalls(http: PveHttp): AgentCalls {
  const pathOf = (node: NodeName, vmid: Vmid, command: string) => [...guestPath(node, vmid), "agent", command];

  return {
    async pingAgent(node, vmid, signal) {
      try {
        await http.post(pathOf(node, vmid, "ping"), { schema: ignoredData, signal, readOnly: true });
        return "answers";
      } catch (error) {
        if (isSilence(error)) return "silent";
        throw error;
      }
    },

    async agentInterfaces(node, vmid, signal) {
      const path = pathOf(node, vmid, "network-get-interfaces");
      return (await http.get(path, { schema: interfacesResult, signal })).result;
    },

    async agentTime(node, vmid, signal) {
      const { result } = await http.get(pathOf(node, vmid, "get-time"), { schema: timeResult, signal });
      return Math.round(result / nanosecondsPerMs);
    },

    async readGuestFile(node, vmid, file, signal) {
      const path = pathOf(node, vmid, "file-read");
      const { content, truncated } = await http.get(path, { schema: fileData, signal, query: { file } });
      return { bytes: Buffer.from(content, "latin1"), truncated };
    },

    async writeGuestFile(node, vmid, file, bytes, signal) {
      if (bytes.length > mostBytesInGuest) {
        const size = `${bytes.length} bytes are more than the ${mostBytesInGuest} that PVE takes at once`;
        throw new DispatcherError("invalid", `file ${file} in guest ${vmid}: ${size}`);
      }
      // PVE's own encoder breaks whatever is not plain ASCII.
      const form = { file, content: Buffer.from(bytes).toString("base64"), encode: false };
      await http.post(pathOf(node, vmid, "file-write"), { schema: ignoredData, signal, form });
    },

    async exec(node, vmid, command, signal, input) {
      const form = { command, "input-data": input };
      return (await http.post(pathOf(node, vmid, "exec"), { schema: pidData, signal, form })).pid;
    },

    async execStatus(node, vmid, pid, signal) {
      const path = pathOf(node, vmid, "exec-status");
      const read = await http.get(path, { schema: execData, signal, query: { pid }, consumes: true });
      if (!read.exited) return { kind: "running" };
      return {
        kind: "exited",
        exitCode: read.exitcode,
        signal: read.signal,
        out: read["out-data"] ?? "",
        err: read["err-data"] ?? "",
        truncated: read["out-truncated"] || read["err-truncated"],
      };
    },
  };
}

const isSilence = (error: unknown): boolean =>
  hasCode(error, "unavailable", "invalid") &&
  error.details.status === 500 &&
  (saysAgentIsSilent(error.message) || error.message.includes("No QEMU guest agent configured"));

const nanosecondsPerMs = 1_000_000;

const interfacesResult = z.looseObject({ result: interfacesData });
const timeResult = z.looseObject({ result: number });
const pidData = z.looseObject({ pid: number });

const fileData = z.looseObject({
  // One character per byte; anything else could not be turned back into what the file holds.
  content: z.string().refine((value) => !/[\u0100-\uffff]/.test(value), "holds characters that are no bytes"),
  truncated: flag,
});

const execData = z.looseObject({
  exited: flag,
  exitcode: optionalNumber,
  signal: optionalNumber,
  "out-data": z.string().nullish(),
  "err-data": z.string().nullish(),
  "out-truncated": flag,
  "err-truncated": flag,
});
