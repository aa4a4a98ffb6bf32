import { DispatcherError, hasCode } from "../domain/errors.ts";

/** Who answered what, and who did not: "could not ask" never looks like "there is nothing". */
export interface Answers<Subject, Value> {
  readonly answered: readonly Value[];
  readonly silent: ReadonlyMap<Subject, DispatcherError>;
}

/** Asks all at once. A token that GitHub refuses, and a caller who left, end the whole round. */
export async function askAll<Subject, Value>(
  subjects: readonly Subject[],
  ask: (subject: Subject) => Promise<Value>,
  signal: AbortSignal,
): Promise<Answers<Subject, Value>> {
  const answered: Value[] = [];
  const silent = new Map<Subject, DispatcherError>();
  const outcomes = await Promise.allSettled(subjects.map(ask));
  signal.throwIfAborted();
  outcomes.forEach((outcome, i) => {
    const subject = subjects[i];
    if (outcome.status === "fulfilled") answered.push(outcome.value);
    else if (!(outcome.reason instanceof DispatcherError) || subject === undefined) throw outcome.reason;
    else silent.set(subject, outcome.reason);
  });
  for (const error of silent.values()) if (hasCode(error, "unauthorized")) throw error;
  return { answered, silent };
}

/** Nobody answered at all, not even with an error: then there is no use in asking hundreds of others and waiting for each. */
export function outageIn({ answered, silent }: Answers<unknown, unknown>): DispatcherError | null {
  const errors = [...silent.values()];
  const unreachable = errors.every((error) => hasCode(error, "unavailable", "timeout") && !error.details.status);
  return answered.length === 0 && unreachable ? (errors[0] ?? null) : null;
}
