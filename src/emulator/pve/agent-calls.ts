import { SECOND } from "../../domain/time.ts";
import type { GuestSystem } from "../machine.ts";
import { pause } from "../time.ts";
import { aCount, aFlag, aText, maybe } from "./formats.ts";
import { type Guest, hasAgent } from "./guest.ts";
import { type AgentKind, agentPrivileges } from "./permissions.ts";
import { failed } from "./refusal.ts";
import type { Answer, Call, Need, Route } from "./router.ts";
import { needGuest } from "./state.ts";

/** The agent hands over no more at once. */
const mostRead = 16 * 1024 ** 2;

export const throughAgent =
  (kind: AgentKind): Need =>
  (state, path) => [`/vms/${path.vmid}`, ...agentPrivileges(state, kind)];

export const agentCalls: readonly Route[] = [
  {
    method: "POST",
    path: "/nodes/{node}/qemu/{vmid}/agent/file-write",
    call: "agent.file-write",
    parameters: { file: aText, content: { type: "string", maxLength: 61440 }, encode: maybe(aFlag) },
    needs: throughAgent("FileWrite"),
    answer: writeFile,
  },
  {
    method: "GET",
    path: "/nodes/{node}/qemu/{vmid}/agent/file-read",
    call: "agent.file-read",
    parameters: {
      file: aText,
      count: { type: "integer", minimum: 1, maximum: mostRead, optional: true, only: "9.2" },
      decode: { ...maybe(aFlag), only: "9.2" },
      offset: { ...maybe(aCount), only: "9.2" },
    },
    needs: throughAgent("FileRead"),
    answer: readFile,
  },
];

async function writeFile(call: Call): Promise<Answer> {
  const file = call.values.text("file") ?? "";
  const content = call.values.text("content") ?? "";
  const system = await reachAgent(call);
  const own = call.values.get("encode") === 0;
  const written = await system.writeFile(file, own ? fromBase64(content) : asLatin1(content));
  if (!written) throw failed(`Agent error: failed to open file '${file}' (mode: 'wb'): No such file or directory`);
  return { data: null };
}

async function readFile(call: Call): Promise<Answer> {
  const file = call.values.text("file") ?? "";
  const system = await reachAgent(call);
  const bytes = await system.readFile(file);
  if (bytes === null) throw failed(`Agent error: failed to open file '${file}' (mode: 'r'): No such file or directory`);
  const from = call.values.number("offset") ?? 0;
  const read = Buffer.from(bytes).subarray(from, from + (call.values.number("count") ?? mostRead));
  const content = read.toString(call.values.get("decode") === 0 ? "base64" : "latin1");
  const cut = from + read.length < bytes.length ? { truncated: 1 } : {};
  return { data: { content, "bytes-read": read.length, ...cut } };
}

/** Each call begins with a ping that waits three seconds for an answer. */
export async function reachAgent({ state, node, vmid }: Call): Promise<GuestSystem> {
  const guest: Guest = needGuest(state, node, vmid);
  if (guest.power.kind === "stopped") throw failed(`VM ${vmid} is not running`);
  if (!hasAgent(guest)) throw failed("No QEMU guest agent configured");
  const { system } = guest.power;
  if (!guest.power.paused && system?.agentAnswers() === true) return system;
  await pause(state.time, 3 * SECOND);
  throw failed("QEMU guest agent is not running");
}

function fromBase64(text: string): Uint8Array {
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text)) throw failed("Agent error: Base64 data contains invalid characters");
  return new Uint8Array(Buffer.from(text, "base64"));
}

/** PVE encodes the text itself, a byte for a character. */
function asLatin1(text: string): Uint8Array {
  if ([...text].some((letter) => letter > "\u00ff")) {
    throw failed("Wide character in subroutine entry at /usr/share/perl5/PVE/API2/Qemu/Agent.pm");
  }
  return new Uint8Array(Buffer.from(text, "latin1"));
}
