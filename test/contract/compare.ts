/** What of an answer is compared. */
export interface Answered {
  readonly status: number;
  readonly reason: string;
  readonly body: string;
}

/** Why two answers differ; null where they agree in everything that is no accident of the moment. */
export function difference(recorded: Answered, emulated: Answered): string | null {
  if (recorded.status !== emulated.status) {
    return `status: ${recorded.status} ${recorded.reason} | emulated ${emulated.status} ${emulated.reason}`;
  }
  if (plain(recorded.reason) !== plain(emulated.reason)) {
    return `reason: ${recorded.reason} | emulated ${emulated.reason}`;
  }
  const [theirs, ours] = [parsed(recorded.body), parsed(emulated.body)];
  if (theirs === undefined || ours === undefined) {
    // Text bodies name lines of PVE's source; only whether there is one is part of the contract.
    return (recorded.body === "") === (emulated.body === "")
      ? null
      : `body: ${recorded.body.slice(0, 60) || "empty"} | emulated ${emulated.body.slice(0, 60) || "empty"}`;
  }
  return compare(theirs, ours, "");
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** Words that say what happened: their text is the contract, not their type alone. */
const spoken = new Set(["message", "exitstatus", "status", "qmpstatus", "lock", "data", "type", "key"]);

function compare(theirs: unknown, ours: unknown, at: string): string | null {
  const [kind, own] = [kindOf(theirs), kindOf(ours)];
  if (kind !== own) return `${at || "body"}: ${kind} | emulated ${own}`;
  if (Array.isArray(theirs) && Array.isArray(ours)) return compareLists(theirs, ours, at);
  if (isObject(theirs) && isObject(ours)) return compareObjects(theirs, ours, at);
  const key = /[^.]*$/.exec(at)?.[0] ?? "";
  if (!spoken.has(key) && !at.startsWith(".errors.")) return null;
  return plain(String(theirs)) === plain(String(ours)) ? null : `${at}: ${theirs} | emulated ${ours}`;
}

function compareObjects(theirs: Fields, ours: Fields, at: string): string | null {
  const missing = Object.keys(theirs).filter((key) => !(key in ours));
  const extra = Object.keys(ours).filter((key) => !(key in theirs));
  if (missing.length + extra.length > 0) {
    return `${at || "body"}: lacks ${missing.sort().join(",") || "nothing"}, has also ${extra.sort().join(",") || "nothing"}`;
  }
  for (const [key, value] of Object.entries(theirs)) {
    // Which tasks a list holds depends on what was kept back.
    const listedTask = "upid" in theirs && "endtime" in theirs && ["type", "status"].includes(key);
    const found = listedTask ? null : compare(value, ours[key], `${at}.${key}`);
    if (found !== null) return found;
  }
  return null;
}

/** Lists come in no order: each kind of entry of the one has to be in the other. */
function compareLists(theirs: readonly unknown[], ours: readonly unknown[], at: string): string | null {
  if ((theirs.length === 0) !== (ours.length === 0)) return `${at}: ${theirs.length} entries | emulated ${ours.length}`;
  const lacking = (list: readonly unknown[], other: readonly unknown[], swap: boolean): string | null => {
    for (const entry of list) {
      const named = other.filter((o) => identity(o) === identity(entry));
      const pairs = identity(entry) === null ? other : named;
      if (identity(entry) !== null && named.length === 0)
        return `${at}[${identity(entry)}]: ${swap ? "too much" : "missing"}`;
      const reasons = pairs.map((o) => (swap ? compare(o, entry, at) : compare(entry, o, at)));
      if (!reasons.includes(null)) return reasons[0] ?? `${at}: entry`;
    }
    return null;
  };
  return lacking(theirs, ours, false) ?? lacking(ours, theirs, true);
}

/** By what an entry of a list is known. */
function identity(entry: unknown): string | null {
  if (!isObject(entry) || "upid" in entry) return null;
  for (const key of ["id", "vmid", "volid", "storage", "poolid", "node", "key", "name"]) {
    if (key in entry) return `${key} ${String(entry[key])}`;
  }
  return null;
}

type Fields = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const kindOf = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value);

/** Without what differs from one run to the next: UPIDs, digests, MACs, process ids, sizes, temporary files, versions. */
export function plain(text: string): string {
  return text
    .replace(/UPID:([^:]+):[0-9A-F]+:[0-9A-F]+:[0-9A-F]+:/g, "UPID:$1:::")
    .replace(/\b[0-9a-f]{32,}\b/g, "<hex>")
    .replace(/\b([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}\b/g, "<mac>")
    .replace(/ at \/usr\/share\/perl5\/.*/gs, " <source>")
    .replace(/\d+(\.\d+)*pve-qemu\S*/g, "<version>")
    .replace(/(failed to get address info for: \w+): .*/, "$1")
    .replace(/\bpid \d+/g, "pid <pid>");
}
