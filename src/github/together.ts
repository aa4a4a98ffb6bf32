import { hasCode } from "../domain/errors.ts";

/**
 * Waits for all of them, then throws the first failure, a refused token before any other: nothing goes on unseen
 * after the caller was told.
 */
export async function together<T>(work: readonly Promise<T>[]): Promise<readonly T[]> {
  const outcomes = await Promise.allSettled(work);
  const failures = outcomes.filter((outcome) => outcome.status === "rejected").map((outcome) => outcome.reason);
  if (failures.length > 0) throw failures.find((failure) => hasCode(failure, "unauthorized")) ?? failures[0];
  return outcomes.filter((outcome) => outcome.status === "fulfilled").map((outcome) => outcome.value);
}
