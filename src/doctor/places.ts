import type { GuestSpec } from "../domain/pool.ts";
import { spellRange } from "../domain/vmids.ts";
import { type Acl, grantedOn } from "./acl.ts";
import { distinct, type Sight } from "./examined.ts";
import type { Place } from "./needs.ts";
import { bridgesOf, diskStorages } from "./template-options.ts";

/** A path that privileges are needed on, and what the token has there. */
export interface Spot {
  readonly path: string;
  readonly granted: ReadonlySet<string>;
}

/** The paths of a pool on a node. None where what they depend on, such as the template, is not known. */
export function spotsOf(place: Place, sight: Sight, acl: Acl): readonly Spot[] {
  const plain = (...paths: readonly string[]): readonly Spot[] =>
    paths.map((path) => ({ path, granted: grantedOn(acl, path) }));
  const { pool, node, template } = sight;
  switch (place) {
    case "template":
      return plain(...(template === null ? hiddenTemplates(pool.guest, acl) : [`/vms/${template}`]));
    case "guests":
      return guestSpots(sight, acl);
    case "resource pool":
      return pool.guest.resourcePool === null ? [] : plain(`/pool/${pool.guest.resourcePool}`);
    case "disks":
      return plain(...diskStorages(sight).map((storage) => `/storage/${storage}`));
    case "seeds":
      return plain(...(pool.delivery.kind === "agent" ? [] : [`/storage/${pool.delivery.storage}`]));
    case "node":
      return plain(`/nodes/${node}`);
    case "bridge":
      return bridgesOf(sight).map((bridge) => bridgeSpot(bridge, acl));
  }
}

/**
 * Where a template that is in no list may be: its name does not tell, but only a template's path has VM.Clone without
 * the right to see it.
 */
export function hiddenTemplates({ template }: GuestSpec, acl: Acl): readonly string[] {
  if (template.kind === "vmid") return [`/vms/${template.vmid}`];
  return Object.keys(acl).filter((path) => {
    const granted = grantedOn(acl, path);
    return /^\/vms\/\d+$/.test(path) && granted.has("VM.Clone") && !granted.has("VM.Audit");
  });
}

/** A guest has what its resource pool grants, and what is granted on its own path. */
function guestSpots({ pool }: Sight, acl: Acl): readonly Spot[] {
  const { resourcePool, range } = pool.guest;
  const shared = resourcePool === null ? new Set<string>() : grantedOn(acl, `/pool/${resourcePool}`);
  const together = (path: string): ReadonlySet<string> => new Set([...shared, ...grantedOn(acl, path)]);
  // Entries of single guests replace what all others have.
  const own = Object.keys(acl).filter((path) => {
    const vmid = Number(/^\/vms\/(\d+)$/.exec(path)?.[1] ?? Number.NaN);
    return vmid >= range.first && vmid <= range.last;
  });
  const general = grantedOn(acl, "/vms/-");
  return [
    {
      path: resourcePool === null ? `/vms (for the VMIDs ${spellRange(range)})` : `/pool/${resourcePool}`,
      granted: new Set([...shared, ...general]),
    },
    ...distinct(own).map((path) => ({ path, granted: together(path) })),
  ];
}

/** Bridges lie in the zone `localnetwork`, other networks in a zone of their own, which only the entries tell. */
function bridgeSpot({ bridge, tag }: { readonly bridge: string; readonly tag: string | null }, acl: Acl): Spot {
  const below = tag === null ? "" : `/${tag}`;
  const zones = Object.keys(acl).flatMap((path) => {
    const [, zone, name] = /^\/sdn\/zones\/([^/]+)\/([^/]+)/.exec(path) ?? [];
    return zone !== undefined && name === bridge ? [zone] : [];
  });
  const zone = zones.includes("localnetwork") ? "localnetwork" : (zones[0] ?? "localnetwork");
  const path = `/sdn/zones/${zone}/${bridge}${below}`;
  return { path, granted: grantedOn(acl, path) };
}
