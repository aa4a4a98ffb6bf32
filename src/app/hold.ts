import type { Writer } from "../engine/writer.ts";

export type Held<T> = { readonly held: true; readonly value: T } | { readonly held: false; readonly why: string };

/** For a command that changes something: takes the leases, works, gives them back; or says who holds them. */
export async function whileHolding<T>(writer: Writer, work: () => Promise<T>): Promise<Held<T>> {
  const over = new AbortController();
  const role = await writer.attempt(over.signal);
  if (role.kind === "standby") return { held: false, why: role.why };
  const kept = writer.keep(over.signal);
  try {
    return { held: true, value: await work() };
  } finally {
    over.abort();
    await kept;
    await writer.release(new AbortController().signal);
  }
}
