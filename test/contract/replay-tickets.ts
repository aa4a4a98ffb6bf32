import type { PveState } from "../../src/emulator/pve/state.ts";
import { dataOf } from "./recording.ts";

/** Who asked with a ticket that was blanked out in the recording. */
const blanked = "tick@pve";

/** The emulator's own ticket and CSRF token for each recorded one. */
export class ReplayTickets {
  readonly #own = new Map<string, string>();

  learn(recorded: unknown, answered: string): void {
    const [theirs, ours] = [recorded, dataOf(answered)].map(ticketIn);
    if (theirs === undefined || ours === undefined || theirs === null || ours === null) return;
    this.#own.set(theirs.ticket, ours.ticket).set(theirs.csrf, ours.csrf);
  }

  /** A request's header, in the emulator's own words. */
  header(state: PveState, name: string, value: string): string {
    if (name === "CSRFPreventionToken") {
      return value === "<csrf>" ? state.tickets.issue(blanked).csrf : (this.#own.get(value) ?? value);
    }
    const ticket = name === "Cookie" ? /^PVEAuthCookie=(.*)$/.exec(value)?.[1] : undefined;
    if (ticket === undefined) return value;
    const theirs = decodeURIComponent(ticket);
    const own = theirs === "PVE:<ticket>" ? state.tickets.issue(blanked).ticket : this.#own.get(theirs);
    return `PVEAuthCookie=${encodeURIComponent(own ?? theirs)}`;
  }
}

function ticketIn(data: unknown): { readonly ticket: string; readonly csrf: string } | null {
  if (typeof data !== "object" || data === null || !("ticket" in data) || !("CSRFPreventionToken" in data)) return null;
  return { ticket: String(data.ticket), csrf: String(data.CSRFPreventionToken) };
}
