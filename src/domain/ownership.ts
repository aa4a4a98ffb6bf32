import type { InstanceName, Vmid } from "./ids.ts";
import { type Marker, readMarker } from "./marker.ts";
import { nonceIn } from "./naming.ts";
import type { GuestSpec } from "./pool.ts";
import type { Signer } from "./signed-line.ts";
import { inRange, spellRange } from "./vmids.ts";

/** What a fresh read says of a guest. `resourcePool` is undefined where the token may not see it. */
export interface GuestFacts {
  readonly vmid: Vmid;
  readonly name: string;
  readonly description: string;
  readonly template: boolean;
  readonly protection: boolean;
  readonly resourcePool: string | null | undefined;
}

/** Ours: every proof agrees. Stray: our valid marker, but a proof is missing: reported, counted, never touched. */
export type Standing =
  | { readonly kind: "ours"; readonly marker: Marker }
  | { readonly kind: "stray"; readonly marker: Marker; readonly why: string; readonly remedy: string }
  | { readonly kind: "foreign"; readonly why: string };

export interface Ownership {
  readonly instance: InstanceName;
  readonly signer: Signer;
  /** The pools that may own guests here, by name. */
  readonly specs: readonly GuestSpec[];
}

export function standingOf(facts: GuestFacts, own: Ownership): Standing {
  const read = readMarker(facts.description, facts.vmid, own.signer);
  if (read.kind === "none") return { kind: "foreign", why: "its description has no marker" };
  if (read.kind === "forged") return { kind: "foreign", why: "its marker was not signed by us for this VMID" };
  const { marker } = read;
  if (marker.instance !== own.instance) return { kind: "foreign", why: `it belongs to instance ${marker.instance}` };
  const doubt = doubtAbout(facts, marker, own);
  return doubt === null ? { kind: "ours", marker } : { kind: "stray", marker, ...doubt };
}

/** Null when every proof but the marker's agrees as well. */
function doubtAbout(facts: GuestFacts, marker: Marker, own: Ownership): { why: string; remedy: string } | null {
  const spec = own.specs.find((s) => s.pool === marker.pool);
  if (spec === undefined) {
    return {
      why: `its pool ${marker.pool} is not in the configuration`,
      remedy: "add the pool again, or remove the guest by hand",
    };
  }
  if (facts.template) return { why: "it is a template", remedy: "delete its description, or the template" };
  if (!inRange(facts.vmid, spec.range)) {
    return {
      why: `VMID ${facts.vmid} is outside ${spellRange(spec.range)}`,
      remedy: "widen the pool's VMID range, or remove the guest by hand",
    };
  }
  if (spec.resourcePool !== null && facts.resourcePool !== spec.resourcePool) {
    const where = facts.resourcePool === undefined ? "unreadable" : (facts.resourcePool ?? "none");
    return {
      why: `its resource pool is ${where}, not ${spec.resourcePool}`,
      remedy: `move it into resource pool ${spec.resourcePool} (and grant Pool.Audit on it), or remove it by hand`,
    };
  }
  if (nonceIn(facts.name, spec.prefix) !== marker.nonce) {
    return { why: `its name is ${facts.name}`, remedy: `rename it to ${spec.prefix}-${marker.nonce}` };
  }
  // A clone inherits the template's protection until it is configured; later it is a person's wish.
  if (facts.protection && marker.phase !== "cloning") {
    return { why: "it is protected", remedy: "clear its protection option when it may go" };
  }
  return null;
}
