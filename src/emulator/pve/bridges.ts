import type { ConfigValue } from "./guest.ts";
import { demand } from "./permissions.ts";
import type { Call } from "./router.ts";

/** Network cards want their bridge; with a VLAN tag that VLAN, which has a path of its own. */
export function demandBridges(
  { state, token }: Pick<Call, "state" | "token">,
  options: Iterable<readonly [string, ConfigValue]>,
): void {
  for (const [name, value] of options) {
    if (!/^net\d+$/.test(name)) continue;
    const bridge = /(?:^|,)bridge=([^,]+)/.exec(String(value))?.[1];
    const tag = /(?:^|,)tag=(\d+)/.exec(String(value))?.[1];
    if (bridge === undefined) continue;
    demand(state, token, `/sdn/zones/localnetwork/${bridge}${tag === undefined ? "" : `/${tag}`}`, "SDN.Use");
  }
}
