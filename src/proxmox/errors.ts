import { STATUS_CODES } from "node:http";
import { DispatcherError, type ErrorCode, type ErrorDetails, messageOf } from "../domain/errors.ts";
import { Overdue } from "./deadline.ts";
import { remedyForPrivilege } from "./privilege.ts";

/** What was asked. `mutates` decides whether a missing answer is a loss or just a silence. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly mutates: boolean;
}

/** An answer that is not a success. */
export interface Refusal {
  readonly status: number;
  /** The server's sentence. */
  readonly sentence: string;
  /** PVE's `errors`. */
  readonly parameters: Readonly<Record<string, string>> | null;
}

/** No connection came about, so the call cannot have been read by anyone. */
export class NotConnected extends Error {
  constructor(cause: unknown) {
    super(messageOf(cause), { cause });
    this.name = "NotConnected";
  }
}

/** The only answer to a mutating call that proves that nothing was done and that the same call may be sent again. */
export const saysNothingWasDone = (sentence: string): boolean => sentence.includes("got no worker upid");

/** PVE's own answer after three seconds: asking at once again only holds the next of its few workers. */
export const saysAgentIsSilent = (sentence: string): boolean => sentence.includes("QEMU guest agent is not running");

/** The agent answers, with what the guest's system says: in English, or as Windows words it. */
export const saysFileIsMissing = (sentence: string): boolean => /Agent error: failed to open file/i.test(sentence);

/** PVE says nearly everything with status 500; only its sentence tells what happened. The first match counts. */
const sentences: readonly (readonly [pattern: RegExp, code: ErrorCode])[] = [
  // A guest's configuration alone: a storage, bridge or file that does not exist says nothing about the guest.
  [/^configuration file 'nodes\/[^/]+\/(qemu-server|lxc)\/\d+\.conf' does not exist/i, "not_found"],
  [/^unable to find configuration file for (VM|CT) \d+/i, "not_found"],
  [/already exists|already used/i, "already_exists"],
  [/checksum mismatch|detected modified/i, "conflict"],
  [/\b(VM|CT) is locked\b|can't lock file .*got timeout|got lock request timeout/i, "locked"],
  [/got no worker upid|no quorum|guest agent is not running/i, "unavailable"],
  [/is not running|\bnot running$|is running\b|already running|protection mode enabled/i, "conflict"],
  [/does not exist|not supported|does not support|not available|not allowed|not implemented/i, "invalid"],
  [/only root can|no options specified|wrong (file )?extension|no qemu guest agent configured/i, "invalid"],
  [/hostname lookup '.*' failed|is not a template|cannot (be|use)|unable to (parse|use)/i, "invalid"],
  // A file in a guest, a pid that was read before, a volume that is not there.
  [/^agent error: |^volume_size_info on '.*' failed/i, "invalid"],
];

/** 595 and 596 are pveproxy's own, like a gateway's 50x: the daemon behind may have done the work all the same. */
function codeOfRefusal(call: Call, { status, sentence }: Refusal): ErrorCode {
  if (status === 400) return "invalid";
  if (status === 401) return "unauthorized";
  if (status === 403) return "forbidden";
  if ([595, 596, 502, 503, 504].includes(status)) return call.mutates ? "lost_answer" : "unavailable";
  if (status === 501 || status === 506 || status === 404 || status === 413) return "invalid";
  return sentences.find(([pattern]) => pattern.test(sentence))?.[1] ?? "internal";
}

/** How to mend what a storage refuses, in an answer or as a task's exit status. */
export function remedyForStorage(sentence: string): string | null {
  const [, storage, content] = /storage '([^']+)' does not support '([^']+)' content/i.exec(sentence) ?? [];
  if (storage !== undefined) return `allow the content ${content} on storage ${storage}, or name another storage`;
  return /no space left on device|disk quota exceeded/i.test(sentence)
    ? "the storage is full: make room on it, or name another storage"
    : null;
}

export function errorOfRefusal(call: Call, refusal: Refusal): DispatcherError {
  const code = codeOfRefusal(call, refusal);
  const sentence = refusal.sentence === "" ? `status ${refusal.status}` : refusal.sentence;
  const bad = Object.entries(refusal.parameters ?? {}).map(([name, why]) => `${name}: ${why.trim()}`);
  const remedy = remedyOf(call, code, refusal);
  const details: ErrorDetails = {
    status: refusal.status,
    ...(refusal.parameters === null ? {} : { parameters: refusal.parameters }),
    ...(remedy === null ? {} : { remedy }),
  };
  return errorOf(call, code, bad.length === 0 ? sentence : `${sentence} (${bad.join("; ")})`, details);
}

/** The call ended without an answer: refused, cut, reset, or too late. */
export function errorOfFailure(call: Call, failure: unknown): DispatcherError {
  const chain = causesOf(failure);
  const known = chain.find((error) => error instanceof DispatcherError);
  if (known !== undefined) return known;
  const innermost = chain.at(-1) ?? failure;
  const cause = messageOf(innermost) || String(codeIn(innermost));
  if (chain.some((error) => error instanceof NotConnected || unreached.has(codeIn(error)))) {
    return errorOf(call, "unavailable", `no connection: ${cause}`, { cause: failure });
  }
  if (call.mutates) return errorOf(call, "lost_answer", `the answer was lost: ${cause}`, { cause: failure });
  return errorOf(call, failure instanceof Overdue ? "timeout" : "unavailable", cause, { cause: failure });
}

/** An answer with status 200 that does not say what PVE is known to say. */
export function errorOfNonsense(call: Call, what: string): DispatcherError {
  return errorOf(call, "internal", `the answer ${what}`, {
    remedy: "check that the URL is PVE's own, not another server's",
  });
}

/** PVE's sentence, whichever way it came: older servers and some refusals have it in the reason phrase alone. */
export function sentenceOf(status: number, reason: string, message: string | null): string {
  // Something between us and PVE may have put the standard phrase in place of PVE's.
  const phrase = reason === STATUS_CODES[status] ? "" : reason.trim();
  const [firstLine = ""] = (message ?? "").trim().split("\n");
  return phrase || firstLine || reason.trim();
}

/** The error and what caused it, outermost first. */
export function causesOf(error: unknown): readonly unknown[] {
  const chain: unknown[] = [];
  for (let next = error; next !== undefined && next !== null && !chain.includes(next); ) {
    chain.push(next);
    next = next instanceof Error ? next.cause : undefined;
  }
  return chain;
}

export function codeIn(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}

const unreached: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

const errorOf = (call: Call, code: ErrorCode, cause: string, details: ErrorDetails): DispatcherError =>
  new DispatcherError(code, `PVE ${call.method} ${call.path}: ${cause}`, details);

function remedyOf(call: Call, code: ErrorCode, { sentence }: Refusal): string | null {
  if (code === "unauthorized") {
    return "check the token's id and secret (PROXMOX_TOKEN_ID, PROXMOX_TOKEN_SECRET), and that neither the token nor its user has expired or is disabled";
  }
  return code === "forbidden" ? remedyForPrivilege(call, sentence) : remedyForStorage(sentence);
}
