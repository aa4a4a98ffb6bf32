import { HOUR, MINUTE, type Ms, SECOND } from "../../domain/time.ts";

/** A unit file's settings: `Section.Key` → its values in order. An empty value drops what came before it. */
export type Unit = ReadonlyMap<string, readonly string[]>;

export function readUnit(text: string): Unit {
  const unit = new Map<string, string[]>();
  let section = "";
  for (const raw of text.replaceAll(/\\\n/g, " ").split("\n")) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
    const header = /^\[(.+)\]$/.exec(line);
    if (header !== null) section = header[1] ?? "";
    const at = line.indexOf("=");
    if (header !== null || at < 0) continue;
    const key = `${section}.${line.slice(0, at).trim()}`;
    const value = line.slice(at + 1).trim();
    unit.set(key, value === "" ? [] : [...(unit.get(key) ?? []), value]);
  }
  return unit;
}

export const settingOf = (unit: Unit, key: string): string | null => unit.get(key)?.at(-1) ?? null;

export const isYes = (value: string | null): boolean => /^(1|yes|true|on)$/i.test(value ?? "");

/** `Environment=A=1 "B=two words"`. */
export function environmentOf(values: readonly string[]): Record<string, string> {
  return Object.fromEntries(values.flatMap(splitWords).flatMap(assignmentIn));
}

/** The content of an `EnvironmentFile=`. */
export function environmentFile(text: string): Record<string, string> {
  const lines = text.split("\n").filter((line) => !/^\s*[#;]/.test(line));
  return Object.fromEntries(
    lines.flatMap((line) => assignmentIn(line.trim())).map(([name, value]) => [name, unquoted(value)]),
  );
}

export interface Execution {
  readonly argv: readonly string[];
  /** `-`: its failure does not count. */
  readonly mayFail: boolean;
  /** `+` and `!`: with all rights, whatever `User=` says. */
  readonly asRoot: boolean;
}

export function executionOf(line: string, env: Readonly<Record<string, string>>): Execution {
  const prefix = /^[-+!@:|]*/.exec(line)?.[0] ?? "";
  const argv = splitWords(line.slice(prefix.length)).flatMap((word) => expand(word, env));
  return { argv, mayFail: prefix.includes("-"), asRoot: /[+!]/.test(prefix) };
}

/** `$NAME` alone is split into words, `${NAME}` is put in as it is. */
function expand(word: string, env: Readonly<Record<string, string>>): readonly string[] {
  const alone = /^\$(\w+)$/.exec(word);
  if (alone !== null) return (env[alone[1] ?? ""] ?? "").split(/\s+/).filter((part) => part !== "");
  return [word.replaceAll(/\$\$|\$\{(\w+)\}/g, (all, name) => (all === "$$" ? "$" : (env[name] ?? "")))];
}

const units: Readonly<Record<string, Ms>> = {
  ms: 1,
  s: SECOND,
  sec: SECOND,
  m: MINUTE,
  min: MINUTE,
  h: HOUR,
  hr: HOUR,
  d: 24 * HOUR,
};

/** `90`, `5min`, `1h 30min`; null for `infinity` and for what is no length of time. */
export function durationIn(text: string): Ms | null {
  const parts = [...text.matchAll(/([\d.]+)\s*([a-z]*)/g)];
  if (parts.length === 0) return null;
  const lengths = parts.map(([, count, unit = ""]) => Number(count) * (units[unit === "" ? "s" : unit] ?? Number.NaN));
  const total = lengths.reduce((sum, length) => sum + length, 0);
  return Number.isNaN(total) ? null : total;
}

/** Words, with both kinds of quotes, as systemd reads a line. */
function splitWords(line: string): readonly string[] {
  const words = line.match(/(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\\.|[^\s"'\\])+/g) ?? [];
  return words.map(unquoted);
}

const unquoted = (word: string): string =>
  word.replaceAll(/"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|\\(.)/g, (_all, double, single, escaped) =>
    double !== undefined ? double.replaceAll(/\\(.)/g, "$1") : (single ?? escaped),
  );

function assignmentIn(word: string): [string, string][] {
  const at = word.indexOf("=");
  return at <= 0 ? [] : [[word.slice(0, at), word.slice(at + 1)]];
}
