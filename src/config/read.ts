/** A value, or every reason why there is none. */
export type Read<T> =
  | { readonly ok: true; readonly value: T; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Its problems say the cause and the way out; who calls it knows where the text stands. */
export type Reader<T> = (text: string) => Read<T>;

export const good = <T>(value: T, ...warnings: readonly string[]): Read<T> => ({ ok: true, value, warnings });

export const bad = (...problems: readonly string[]): Read<never> => ({ ok: false, problems });

/** Names the place in front of each problem and warning. */
export function at<T>(where: string, read: Read<T>): Read<T> {
  const name = (sentence: string): string => `${where}: ${sentence}`;
  return read.ok
    ? { ...read, warnings: read.warnings.map(name) }
    : { ok: false, problems: unique(read.problems.map(name)) };
}

/** The next step, once there is a value. */
export function chain<A, B>(read: Read<A>, next: (value: A) => Read<B>): Read<B> {
  if (!read.ok) return read;
  const after = next(read.value);
  return after.ok ? good(after.value, ...read.warnings, ...after.warnings) : after;
}

/** All the values, or all the problems: a bad one hides none of the others. */
export function combine<T extends object>(reads: { readonly [K in keyof T]: Read<T[K]> }): Read<T> {
  const entries = Object.entries<Read<unknown>>(reads);
  const values: Record<string, unknown> = {};
  for (const [key, read] of entries) if (read.ok) values[key] = read.value;
  const all = entries.map(([, read]) => read);
  return all.every((read) => read.ok) ? good(values as T, ...warningsOf(all)) : bad(...problemsOf(all));
}

export function each<T>(reads: readonly Read<T>[]): Read<readonly T[]> {
  const values = reads.flatMap((read) => (read.ok ? [read.value] : []));
  return values.length === reads.length ? good(values, ...warningsOf(reads)) : bad(...problemsOf(reads));
}

/** For what is told elsewhere when it is missing: no value, and no second problem. */
export const present = <T>(read: Read<T | null>): Read<T> =>
  chain(read, (value) => (value === null ? bad() : good(value)));

export const problemsOf = (reads: readonly Read<unknown>[]): readonly string[] =>
  unique(reads.flatMap((read) => (read.ok ? [] : read.problems)));

const warningsOf = (reads: readonly Read<unknown>[]): readonly string[] =>
  unique(reads.flatMap((read) => (read.ok ? read.warnings : [])));

// Several pools may inherit one bad value of the environment: it is told once.
const unique = (sentences: readonly string[]): readonly string[] => [...new Set(sentences)];
