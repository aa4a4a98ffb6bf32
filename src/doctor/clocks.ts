import { type Clock, type Ms, SECOND, spell } from "../domain/time.ts";
import type { Patient, Skew } from "./examined.ts";
import { type Finding, good, warns } from "./finding.ts";

/** Notes what the `Date` header of each answer says; whole seconds, and somewhere between sending and receiving. */
export function watchDate(clock: Clock): {
  readonly note: (sent: number, headers: Headers) => void;
  readonly skew: () => Skew | null;
} {
  let best: (Skew & { readonly took: Ms }) | null = null;
  return {
    note(sent, headers) {
      const said = Date.parse(headers.get("date") ?? "");
      if (Number.isNaN(said)) return;
      const now = clock.now();
      const took = now - sent;
      // The quickest answer tells most exactly.
      if (best !== null && best.took <= took) return;
      best = { ahead: said + SECOND / 2 - (sent + now) / 2, at: now, took };
    },
    skew: () => best,
  };
}

const most: Ms = 30 * SECOND;

/** Our clock against theirs. */
export function checkClocks({ skews }: Patient): readonly Finding[] {
  return (["PVE", "GitHub"] as const).map((whose): Finding => {
    const skew = skews[whose]();
    const remedy = "timedatectl set-ntp true here, and on the nodes";
    if (skew === null) {
      const why = `no answer of ${whose} carried a Date, so nobody knows whether the clocks agree`;
      return warns("clock", `the clock of ${whose} could not be read`, why, remedy);
    }
    const off = Math.abs(skew.ahead);
    if (off <= most) return good("clock", `the clocks of ${whose} and of this machine agree`);
    const what = `the clock of ${whose} is ${spell(off)} ${skew.ahead > 0 ? "ahead of" : "behind"} this machine's`;
    return warns("clock", what, "ages of jobs and guests, and with them deadlines, are wrong by as much", remedy);
  });
}
