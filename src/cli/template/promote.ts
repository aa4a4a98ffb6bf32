import type { Promotion } from "../../images/promote.ts";
import type { ExitCode, Io } from "../io.ts";

/** What a promotion or a rollback did on each node. */
export function tellPromotions(io: Io, promotions: readonly Promotion[], json: boolean): ExitCode {
  for (const { node, from, to } of promotions) {
    const { family, generation } = to.marker;
    const before = from === null ? null : from.marker.generation;
    if (json) {
      io.out(`${JSON.stringify({ node, family, generation, vmid: to.vmid, before })}\n`);
      continue;
    }
    const was = before === null ? "the first" : before === generation ? "as before" : `after generation ${before}`;
    io.out(`${node}: ${family} generation ${generation} (template ${to.vmid}) is promoted, ${was}\n`);
  }
  return 0;
}
