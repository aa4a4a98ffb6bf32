import { type Acl, grantedOn, handedDownTo } from "./acl.ts";
import type { SiteCheck } from "./examined.ts";
import { blocks, type Finding, good, warns } from "./finding.ts";
import { type Need, needs } from "./needs.ts";
import { spotsOf } from "./places.ts";

/** Each privilege that the configuration needs, against what the token has. */
export const checkPrivileges: SiteCheck = async ({ config }, { acl, generation, sights }) => {
  if (acl === null) return [];
  const findings = new Map<string, Finding>();
  let counted = 0;
  for (const need of needs.filter(({ on }) => on === undefined || on === generation)) {
    for (const sight of sights.filter(({ pool }) => need.when?.(pool) ?? true)) {
      for (const { path, granted } of spotsOf(need.place, sight, acl)) {
        counted += 1;
        if (need.anyOf.some((privilege) => granted.has(privilege))) continue;
        findings.set(`${need.anyOf[0]} ${path}`, missing(need, path, acl, config.proxmox.tokenId));
      }
    }
  }
  if (findings.size > 0) return [...findings.values()];
  return [good("privileges", `all privileges that this configuration uses are granted (${counted} looked at)`)];
};

function missing(need: Need, path: string, acl: Acl, tokenId: string): Finding {
  const what = `${need.anyOf.join(" or ")} is missing on ${path} (${need.level})`;
  const level = need.level === "required" ? blocks : warns;
  return level("privileges", what, need.loses, grantOf(need, path, acl, tokenId));
}

/**
 * A role of its own, which `pveum acl modify` adds to those that the path has. A first entry on a path hides what comes
 * from above, so the role takes that along.
 */
function grantOf({ anyOf: [privilege = ""], place }: Need, spot: string, acl: Acl, tokenId: string): string {
  const [path = spot] = spot.split(" ", 1);
  const [user = tokenId] = tokenId.split("!", 1);
  const above = handedDownTo(acl, path);
  const kept = [...grantedOn(acl, path)].filter((other) => above.has(other)).sort();
  const role = `Dispatcher-${privilege.replaceAll(".", "-")}`;
  const alone = place === "guests" ? "" : " --propagate 0";
  const entry = `pveum acl modify ${path} --roles ${role}${alone}`;
  return [
    `pveum role add ${role} --privs ${[privilege, ...kept].join(",")}`,
    `${entry} --users ${user}`,
    `and, if the token has separated privileges, ${entry} --tokens '${tokenId}'`,
  ].join("; ");
}
