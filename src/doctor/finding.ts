import { DispatcherError, messageOf } from "../domain/errors.ts";

export const levels = ["blocks", "warns", "good"] as const;
export type Level = (typeof levels)[number];

/** The subjects that are looked at, in the order in which they are told. */
export const subjects = [
  "configuration",
  "tls",
  "pve",
  "privileges",
  "resource pool",
  "template",
  "storage",
  "bridge",
  "vmids",
  "lease",
  "clock",
  "github",
  "repository",
  "runner group",
] as const;
export type Subject = (typeof subjects)[number];

export type Finding =
  | { readonly level: "good"; readonly subject: Subject; readonly what: string }
  | {
      readonly level: "blocks" | "warns";
      readonly subject: Subject;
      readonly what: string;
      /** Why it matters. */
      readonly why: string;
      /** The command or the click that mends it. */
      readonly remedy: string;
    };

export const good = (subject: Subject, what: string): Finding => ({ level: "good", subject, what });

export const warns = (subject: Subject, what: string, why: string, remedy: string): Finding => ({
  level: "warns",
  subject,
  what,
  why,
  remedy,
});

export const blocks = (subject: Subject, what: string, why: string, remedy: string): Finding => ({
  level: "blocks",
  subject,
  what,
  why,
  remedy,
});

/** What could not be read is told, and never counts as good. */
export function unread(subject: Subject, what: string, error: unknown, otherwise: string): Finding {
  const remedy = error instanceof DispatcherError ? error.details.remedy : undefined;
  const why = `it could not be read, so nobody knows whether it is right: ${messageOf(error)}`;
  return warns(subject, what, why, remedy ?? otherwise);
}

/** Failures of the services become findings; mistakes of this program do not. */
export async function attempt<T>(
  work: Promise<T>,
): Promise<{ readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: DispatcherError }> {
  try {
    return { ok: true, value: await work };
  } catch (error) {
    if (error instanceof DispatcherError) return { ok: false, error };
    throw error;
  }
}

/** What blocks first, then by subject; within one in the order in which it was found. */
export const sorted = (findings: readonly Finding[]): readonly Finding[] =>
  findings.toSorted(
    (a, b) =>
      levels.indexOf(a.level) - levels.indexOf(b.level) || subjects.indexOf(a.subject) - subjects.indexOf(b.subject),
  );
