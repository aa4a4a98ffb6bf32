import { filesOf } from "./jit-config.ts";
import type { Registry } from "./registry.ts";
import type { Registered, RegistrationOrder } from "./runner-service.ts";
import { defaultGroup, type Organisation, same, scopeOfOrganisation, scopeOfRepository } from "./state.ts";

/** What `config.sh` asks of GitHub. */
export function registerRunner(
  order: RegistrationOrder,
  parts: {
    registry: Registry;
    organisations: readonly Organisation[];
    /** Hosts under which this GitHub shows its pages. */
    hosts: readonly string[];
  },
): Registered {
  const { registry } = parts;
  const scope = registry.scopeOf(order.token);
  if (scope === null || scopeIn(order.url, parts.hosts) !== scope) {
    return refused("Http response code: NotFound from 'POST /actions/runner-registration'\nNot Found");
  }
  const organisation = parts.organisations.find((o) => scopeOfOrganisation(o.login) === scope);
  const wanted = order.group ?? defaultGroup.name;
  const group = (organisation?.groups ?? [defaultGroup]).find((g) => same(g.name, wanted));
  if (group === undefined) return refused(`Could not find any self-hosted runner group named "${wanted}".`);
  const former = registry.named(scope, order.name);
  if (former !== null && !order.replace) return refused(`A runner exists with the same name ${order.name}.`);
  if (former?.job != null) return refused(`Runner "${order.name}" is still running a job.`);
  if (former !== null) registry.remove(former, "replaced");
  const { name, labels, ephemeral } = order;
  return {
    ok: true,
    files: filesOf(registry.add({ scope, group, name, labels, ephemeral, kind: "token" }), order.url),
  };
}

const refused = (message: string): Registered => ({ ok: false, exitCode: 1, message });

function scopeIn(url: string, hosts: readonly string[]) {
  if (!URL.canParse(url)) return null;
  const { host, pathname } = new URL(url);
  if (!hosts.includes(host)) return null;
  const parts = pathname.split("/").filter((part) => part !== "");
  if (parts.length === 1) return scopeOfOrganisation(String(parts[0]));
  return parts.length === 2 ? scopeOfRepository(parts.join("/")) : null;
}
