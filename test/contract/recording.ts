import { readFileSync } from "node:fs";
import { contractFile } from "../contracts.ts";

/** One recorded exchange. Secrets are `<secret>` in it. */
export interface Recording {
  readonly name: string;
  readonly token: string | null;
  readonly seq: number;
  readonly seconds: number;
  readonly request: {
    readonly line: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string | null;
  };
  readonly response: Recorded;
}

export interface Recorded {
  readonly status?: number;
  readonly reason?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string | null;
  readonly error?: string;
}

/** In the order in which they were made; missing numbers are exchanges that were kept back. */
export function recordingsOf(file: string): readonly Recording[] {
  const lines = readFileSync(contractFile(file), "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Recording).sort((a, b) => a.seq - b.seq);
}

export const methodOf = ({ request }: Recording): string => request.line.split(" ")[0] ?? "";
export const targetOf = ({ request }: Recording): string => request.line.split(" ")[1] ?? "";

/** The task that a path names, decoded. */
export function taskIn(target: string): string | null {
  const named = /\/tasks\/([^/?]+)/.exec(target)?.[1];
  const upid = named === undefined ? null : decodeURIComponent(named);
  return upid?.startsWith("UPID:") === true ? upid : null;
}

export function dataOf(body: string | null | undefined): unknown {
  try {
    return (JSON.parse(body ?? "") as { data?: unknown }).data;
  } catch {
    return undefined;
  }
}
