import { generationsOf, promotedOf } from "../../domain/images/families.ts";
import { spellSource } from "../../domain/images/template-marker.ts";
import { readShelf } from "../../images/shelf.ts";
import type { ExitCode, Io } from "../io.ts";
import { table } from "../table.ts";
import type { Connected } from "./connect.ts";

export async function listTemplates(io: Io, { shop }: Connected, json: boolean): Promise<ExitCode> {
  const { templates, unread } = await readShelf(shop, io.stop);
  const families = [...new Set(templates.map(({ marker }) => marker.family))].sort();
  const nodes = [...new Set(templates.map(({ node }) => node))].sort();
  const rows = families
    .flatMap((family) => nodes.map((node) => generationsOf(templates, family, node)))
    .flatMap((generations) => {
      const promoted = promotedOf(generations);
      return generations.map(({ vmid, node, name, marker }) => {
        return { ...marker, vmid, node, name, current: promoted?.vmid === vmid };
      });
    });
  if (json) {
    const spelled = rows.map(({ built, promoted, ...row }) => ({
      ...row,
      built: new Date(built).toISOString(),
      promoted: promoted === null ? null : new Date(promoted).toISOString(),
    }));
    io.out(`${JSON.stringify({ templates: spelled, unread })}\n`);
    return 0;
  }
  const heads = ["FAMILY", "GENERATION", "VMID", "NODE", "STATE", "BUILT", "RUNNER", "FROM"];
  const lines = rows.map((row) => [
    row.family,
    `${row.generation}`,
    `${row.vmid}`,
    row.node,
    row.current ? "promoted" : row.promoted === null ? "" : "was promoted",
    day(row.built),
    row.runnerVersion ?? "unknown",
    spellSource(row.source),
  ]);
  io.out(rows.length === 0 ? "no template carries a marker of this key\n" : table(heads, lines));
  for (const { vmid, node, why } of unread) io.err(`template ${vmid} on node ${node} could not be read: ${why}\n`);
  return 0;
}

const day = (at: number): string => new Date(at).toISOString().slice(0, 10);
