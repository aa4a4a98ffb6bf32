import { createHmac, timingSafeEqual } from "node:crypto";
import type { Chance } from "../../domain/naming.ts";
import { HOUR, MINUTE } from "../../domain/time.ts";
import type { WorldTime } from "../time.ts";

const lifetime = 2 * HOUR;
/** So far a clock may be ahead. */
const ahead = 5 * MINUTE;

/** Logins: what a cookie holds, and what a change needs beside it. */
export class Tickets {
  readonly #time: WorldTime;
  readonly #chance: Chance;
  #key: Buffer | null = null;

  constructor(time: WorldTime, chance: Chance) {
    this.#time = time;
    this.#chance = chance;
  }

  issue(userid: string): { readonly ticket: string; readonly csrf: string } {
    const stamp = Math.floor(this.#time.now() / 1000)
      .toString(16)
      .toUpperCase()
      .padStart(8, "0");
    return { ticket: this.#ticket(userid, stamp), csrf: this.#csrf(userid, stamp) };
  }

  /** Null: it was not issued here, or is too old. */
  userOf(ticket: string): string | null {
    const [, userid = "", stamp = ""] = /^PVE:([^:]+):([0-9A-F]{8})::/.exec(ticket) ?? [];
    return this.#isFresh(stamp) && same(ticket, this.#ticket(userid, stamp)) ? userid : null;
  }

  allowsChange(userid: string, csrf: string): boolean {
    const stamp = csrf.split(":")[0] ?? "";
    return this.#isFresh(stamp) && same(csrf, this.#csrf(userid, stamp));
  }

  #isFresh(stamp: string): boolean {
    if (!/^[0-9A-F]{8}$/.test(stamp)) return false;
    const age = this.#time.now() - Number.parseInt(stamp, 16) * 1000;
    return age > -ahead && age < lifetime;
  }

  #ticket(userid: string, stamp: string): string {
    const body = `PVE:${userid}:${stamp}`;
    return `${body}::${this.#sign("sha512", body).toString("base64")}`;
  }

  #csrf(userid: string, stamp: string): string {
    return `${stamp}:${this.#sign("sha256", `${stamp}:${userid}`).toString("base64").replaceAll("=", "")}`;
  }

  #sign(kind: "sha256" | "sha512", text: string): Buffer {
    this.#key ??= Buffer.from(Array.from({ length: 32 }, () => this.#chance.below(256)));
    return createHmac(kind, this.#key).update(text).digest();
  }
}

export function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
