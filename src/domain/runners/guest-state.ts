/** What a guest says of itself. It may lie: its word can delay its own end, and decides about nothing else. */
export type GuestState =
  /** It says nothing, but that it waits for its secret: nothing has started in it. */
  | { readonly kind: "waiting" }
  | { readonly kind: "starting" }
  | { readonly kind: "listening" }
  | { readonly kind: "job"; readonly id: string }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly why: string }
  | { readonly kind: "unknown" };

/** One line of plain letters, or it is unknown: the file belongs to whoever runs in the guest. */
export function parseGuestState(text: string | null): GuestState {
  const line = text === null || text.length > longest ? null : text.replace(/\n$/, "");
  if (line === null || !/^[\x20-\x7e]+$/.test(line)) return unknownState;
  if (line === "starting" || line === "listening" || line === "done") return { kind: line };
  const job = /^job (\d{1,20}|unknown)$/.exec(line)?.[1];
  if (job !== undefined) return { kind: "job", id: job };
  const why = /^failed: (\S.*)$/.exec(line)?.[1];
  return why === undefined ? unknownState : { kind: "failed", why };
}

export const unknownState: GuestState = { kind: "unknown" };

/** Has it a job, as far as it says? Unknown is neither. */
export type Word = "job" | "free" | "unknown";

export const wordOf = ({ kind }: GuestState): Word => words[kind];

export function spellState(state: GuestState): string {
  if (state.kind === "job") return `job ${state.id}`;
  return state.kind === "failed" ? `failed: ${state.why.slice(0, 100)}` : state.kind;
}

const words = {
  waiting: "free",
  starting: "free",
  listening: "free",
  job: "job",
  done: "free",
  failed: "free",
  unknown: "unknown",
} as const satisfies Record<GuestState["kind"], Word>;

const longest = 300;
