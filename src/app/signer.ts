import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from "node:crypto";
import type { Secret } from "../domain/secret.ts";
import type { Signer } from "../domain/signed-line.ts";

export interface SignerKeys {
  /** Null: derived from the PVE token's secret, so that an installation needs no key of its own. */
  readonly current: Secret | null;
  /** Still accepted, no longer written: for rotation. */
  readonly previous: Secret | null;
  readonly tokenSecret: Secret;
}

const purpose = "dispatcher marker signature";
const length = 22;

/** Signs with the current key, verifies with every key that may have signed. */
export function createSigner({ current, previous, tokenSecret }: SignerKeys): Signer {
  const derived = keyFrom(tokenSecret);
  const own = current === null ? derived : keyFrom(current);
  const accepted = [own, ...(previous === null ? [] : [keyFrom(previous)])];
  // A first key of one's own is a rotation too: guests signed with the derived key are still ours.
  if (current !== null && previous === null) accepted.push(derived);
  const known = new Map<string, string>();
  const signature = (key: KeyObject, text: string): string => {
    // Each pass asks for the same lines again.
    const at = `${accepted.indexOf(key)} ${text}`;
    const before = known.get(at);
    if (before !== undefined) return before;
    const made = createHmac("sha256", key).update(text).digest("base64url").slice(0, length);
    if (known.size >= remembered) known.clear();
    known.set(at, made);
    return made;
  };
  return {
    sign: (text) => signature(own, text),
    verify: (text, given) => accepted.some((key) => same(signature(key, text), given)),
  };
}

const remembered = 500;

const keyFrom = (secret: Secret): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync("sha256", secret.reveal(), "", purpose, 32)));

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
