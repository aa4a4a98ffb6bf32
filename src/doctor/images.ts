import type { Vmid } from "../domain/ids.ts";
import { behindBy } from "../domain/images/runner-age.ts";
import { readTemplateMarker } from "../domain/images/template-marker.ts";
import { MINUTE } from "../domain/time.ts";
import type { GuestSummary } from "../proxmox/client.ts";
import { type Marked, Markers } from "../proxmox/template-markers.ts";
import { isTemplate } from "../proxmox/templates.ts";
import type { Patient, Sight, SiteCheck } from "./examined.ts";
import { attempt, blocks, type Finding, good, warns } from "./finding.ts";

const day = 24 * 60 * MINUTE;
/** GitHub hands no jobs to a runner that is 30 days behind a release. */
const worrying = 14 * day;
const urgent = 25 * day;

/** Templates with a marker of ours, on the nodes of pools that name theirs: such a name may be a family's. */
export async function markedTemplates(
  { config, pve, clock, signal, signer }: Patient,
  guests: readonly GuestSummary[],
): Promise<readonly Marked[]> {
  const named = config.pools.filter(({ guest }) => guest.template.kind === "name");
  if (signer === null || named.length === 0) return [];
  const nodes = new Set(named.flatMap(({ guest }) => guest.nodes));
  const templates = guests.filter((guest) => isTemplate(guest) && nodes.has(guest.node));
  return new Markers(pve, signer, clock).of(templates, signal);
}

/** How old the runners are that templates of ours carry. What nobody knows is said, and is never an error. */
export const checkImages: SiteCheck = async ({ github, clock, signal, signer }, { sights }) => {
  if (signer === null) return [];
  const versions = new Map<Vmid, Finding | { readonly sight: Sight; readonly version: string }>();
  for (const sight of sights) {
    const { template, values, node } = sight;
    if (template === null || values === null || versions.has(template)) continue;
    const read = readTemplateMarker(values.description ?? "", template, signer);
    if (read.kind !== "valid") continue;
    const version = read.marker.runnerVersion;
    const name = `template ${template} on node ${node}`;
    versions.set(
      template,
      version === null ? good("template", `${name}: its runner's version is unknown`) : { sight, version },
    );
  }
  if (versions.size === 0) return [];
  const releases = await attempt(github.runnerReleases(signal));
  return [...versions].map(([template, found]) => {
    if (!("version" in found)) return found;
    const { version, sight } = found;
    const name = `template ${template} on node ${sight.node}`;
    const behind = behindBy(version, releases.ok ? releases.value : [], clock.now());
    if (behind === null) {
      return good("template", `${name}: runner ${version}; whether there is a newer one is unknown`);
    }
    if (behind === 0) return good("template", `${name}: runner ${version} is the newest`);
    const days = Math.floor(behind / day);
    const what = `${name}: runner ${version} has had a successor for ${days} days`;
    if (behind < worrying) return good("template", what);
    const why = "GitHub hands no jobs to a runner that is 30 days behind a release";
    const remedy = `build the next generation (dispatcher template build) and promote it`;
    return behind < urgent ? warns("template", what, why, remedy) : blocks("template", what, why, remedy);
  });
};
