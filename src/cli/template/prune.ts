import { messageOf } from "../../domain/errors.ts";
import type { Vmid } from "../../domain/ids.ts";
import { judge, removeTemplate } from "../../images/prune.ts";
import type { ExitCode, Io } from "../io.ts";
import { table } from "../table.ts";
import { agrees } from "./ask.ts";
import type { Connected } from "./connect.ts";

export interface PruneOptions {
  readonly family: string | null;
  readonly yes: boolean;
  readonly json: boolean;
}

/** Shows what becomes of every generation, asks, and removes those that nobody uses. 1 when one could not be removed. */
export async function pruneTemplates(
  io: Io,
  { shop, config }: Connected,
  { family, yes, json }: PruneOptions,
): Promise<ExitCode> {
  const named = new Set(
    config.pools.flatMap(({ guest }): Vmid[] => {
      return guest.template.kind === "vmid" ? [guest.template.vmid] : [];
    }),
  );
  const verdicts = await judge(shop, family, named, io.stop);
  const rows = verdicts.map(({ template: { vmid, node, marker }, keep }) => {
    return { family: marker.family, generation: marker.generation, vmid, node, keep };
  });
  if (json) io.out(`${JSON.stringify({ verdicts: rows })}\n`);
  else {
    const heads = ["FAMILY", "GENERATION", "VMID", "NODE", ""];
    const spelled = rows.map(({ family, generation, vmid, node, keep }) => [
      family,
      `${generation}`,
      `${vmid}`,
      node,
      keep === null ? "to be removed" : `stays: ${keep}`,
    ]);
    io.out(table(heads, spelled));
  }
  const going = verdicts.flatMap(({ template, keep }) => (keep === null ? [template] : []));
  if (going.length === 0) return 0;
  if (!(await agrees(io, `remove ${going.length} templates for good?`, yes))) return 1;
  let code: ExitCode = 0;
  for (const template of going) {
    const { vmid, marker } = template;
    try {
      await removeTemplate(shop, template, io.stop);
      io.out(
        json ? `${JSON.stringify({ removed: vmid })}\n` : `removed ${marker.family} ${marker.generation} (${vmid})\n`,
      );
    } catch (error) {
      code = 1;
      io.err(`${messageOf(error)}\n`);
    }
  }
  return code;
}
