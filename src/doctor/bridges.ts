import { DispatcherError } from "../domain/errors.ts";
import { distinct, type SiteCheck } from "./examined.ts";
import { attempt, blocks, type Finding, good, unread } from "./finding.ts";
import { spotsOf } from "./places.ts";
import { bridgesOf } from "./template-options.ts";

/** The networks of the clones, on each node. */
export const checkBridges: SiteCheck = async ({ pve, signal }, { sights, acl }) => {
  const findings: Finding[] = [];
  for (const node of distinct(sights.map((sight) => sight.node))) {
    const here = sights.filter((sight) => sight.node === node);
    const wanted = distinct(here.flatMap((sight) => bridgesOf(sight).map(({ bridge }) => bridge)));
    if (wanted.length === 0) continue;
    const read = await attempt(pve.bridges(node, signal));
    for (const bridge of wanted) {
      const name = `bridge ${bridge} on node ${node}`;
      const remedy = `on the node: ip link show ${bridge}`;
      if (!read.ok) findings.push(unread("bridge", name, read.error, remedy));
      else if (read.value.includes(bridge)) findings.push(good("bridge", `${name} exists`));
      else if (acl === null || !mayUse(bridge)) {
        const hidden = new DispatcherError("forbidden", "PVE hides bridges that the token may not use");
        findings.push(unread("bridge", name, hidden, `grant SDN.Use on /sdn/zones/localnetwork/${bridge}`));
      } else {
        const why = "guests that are to be on it do not start";
        const other = `make it (${node}, System, Network), or name one of ${read.value.join(", ") || "those that exist"} in RUNNER_NETWORK and in the template's net0`;
        findings.push(blocks("bridge", `${name} does not exist`, why, other));
      }
    }

    function mayUse(bridge: string): boolean {
      const spots = here.flatMap((sight) => (acl === null ? [] : spotsOf("bridge", sight, acl)));
      const of = spots.filter(({ path }) => path.split("/").includes(bridge));
      return of.some(({ granted }) => granted.has("SDN.Use"));
    }
  }
  return findings;
};
