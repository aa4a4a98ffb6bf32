import { asGuestName, asVmid, type GuestName, type InstanceName, type Vmid } from "../domain/ids.ts";
import type { Instant } from "../domain/time.ts";

export const calls = [
  "clone",
  "change",
  "grow",
  "start",
  "write file",
  "stop",
  "destroy",
  "put seed",
  "remove seed",
  "register",
  "deregister",
] as const;
export type Call = (typeof calls)[number];

const outcomes = ["done", "failed", "unknown"] as const;
export type Outcome = (typeof outcomes)[number];

/** What is about to be changed. The name carries the nonce. */
export interface Intent {
  readonly call: Call;
  readonly vmid: Vmid | null;
  readonly name: GuestName | null;
}

/** What an earlier life has left behind. */
export interface Past {
  /** Intents without an end: each may or may not have happened. */
  readonly open: ReadonlyMap<number, Intent>;
  /** Guests that we have removed. */
  readonly destroyed: ReadonlySet<GuestName>;
  /** The lines worth keeping, each with its end. */
  readonly keep: readonly string[];
  /** The next intent's number. */
  readonly next: number;
}

export const title = (instance: InstanceName): string => line({ journal: 1, instance });

export const opening = (id: number, { call, vmid, name }: Intent, at: Instant): string =>
  line({ id, at: new Date(at).toISOString(), call, vmid, name });

export const closing = (id: number, outcome: Outcome, at: Instant): string =>
  line({ id, at: new Date(at).toISOString(), outcome });

/** Closed intents that are kept, newest first to survive. */
const recent = 500;

const nothing: Past = { open: new Map(), destroyed: new Set(), keep: [], next: 1 };

/** Reads what can be read: a torn or foreign line is skipped, and another instance's journal says nothing at all. */
export function readJournal(text: string, instance: InstanceName): Past {
  const [first, ...rest] = text.split("\n");
  if (parse(first ?? "")?.instance !== instance) return nothing;
  const intents = new Map<number, { readonly intent: Intent; readonly text: string; end: Ended | null }>();
  for (const text of rest) {
    const fields = parse(text);
    const { id } = fields ?? {};
    if (fields === null || typeof id !== "number") continue;
    const known = intents.get(id);
    const intent = intentOf(fields);
    if (known === undefined && intent !== null) intents.set(id, { intent, text, end: null });
    else if (known !== undefined) known.end = endOf(fields, text) ?? known.end;
  }
  const all = [...intents];
  const open = all.filter(([, { end }]) => end === null);
  const closed = all.flatMap(([, one]) => (one.end === null ? [] : [one])).slice(-recent);
  const done = (call: Call) => closed.filter(({ intent, end }) => intent.call === call && end?.outcome === "done");
  return {
    open: new Map(open.map(([id, { intent }]) => [id, intent])),
    destroyed: new Set(done("destroy").flatMap(({ intent: { name } }) => (name === null ? [] : [name]))),
    keep: [...closed, ...open.map(([, one]) => one)].flatMap(({ text, end }) => [
      `${text}\n`,
      ...(end === null ? [] : [`${end.text}\n`]),
    ]),
    next: Math.max(0, ...intents.keys()) + 1,
  };
}

interface Ended {
  readonly outcome: Outcome;
  readonly text: string;
}

type Fields = Readonly<Record<string, unknown>>;

function intentOf({ call, vmid, name }: Fields): Intent | null {
  const known = calls.find((one) => one === call);
  if (known === undefined) return null;
  return {
    call: known,
    vmid: typeof vmid === "number" ? asVmid(vmid) : null,
    name: typeof name === "string" ? asGuestName(name) : null,
  };
}

function endOf({ outcome }: Fields, text: string): Ended | null {
  const known = outcomes.find((one) => one === outcome);
  return known === undefined ? null : { outcome: known, text };
}

function parse(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Fields) : null;
  } catch {
    return null;
  }
}

const line = (fields: Fields): string => `${JSON.stringify(fields)}\n`;
