import { admits, outsideEvents } from "../domain/events.ts";
import type { RunnerPool } from "../domain/pool.ts";
import { type Finding, good, warns } from "./finding.ts";

/** Through which events others could have their code run on our machines. */
export function checkEvents({ name, events }: RunnerPool): Finding {
  const open = outsideEvents.filter((event) => admits(events, event));
  if (open.length === 0) return good("repository", `pool ${name} refuses ${outsideEvents.join(", ")}`);
  return warns(
    "repository",
    `pool ${name} takes jobs that ${open.join(", ")} starts`,
    "whoever may comment or open a pull request causes them, and a workflow that then checks out their code runs it on our machines",
    `take ${open.join(", ")} out of ALLOW_EVENTS or events, or see to it that no such workflow checks out what others wrote`,
  );
}
