import { maybe, oneOf } from "./formats.ts";
import { allowed } from "./permissions.ts";
import type { Route } from "./router.ts";

const types = [
  ...["bridge", "bond", "eth", "alias", "vlan", "OVSBridge", "OVSBond", "OVSPort", "OVSIntPort", "vnet"],
  ...["any_bridge", "any_local_bridge"],
] as const;
const ofBridges: ReadonlySet<string> = new Set(["bridge", "any_bridge", "any_local_bridge"]);
/** Asked for a choice of bridges, PVE leaves out those that the caller may not use. */
const choices: ReadonlySet<string> = new Set(["any_bridge", "any_local_bridge"]);

export const networkCalls: readonly Route[] = [
  {
    method: "GET",
    path: "/nodes/{node}/network",
    call: "networks",
    parameters: { type: maybe(oneOf(...types)) },
    answer: ({ state, token, values }) => {
      const type = values.text("type") ?? "bridge";
      const bridges = ofBridges.has(type) ? state.spec.bridges : [];
      const shown = bridges.filter((iface) => {
        const path = `/sdn/zones/localnetwork/${iface}`;
        return !choices.has(type) || allowed(state, token, path, "SDN.Use", "SDN.Audit");
      });
      return { data: shown.map((iface) => ({ iface, type: "bridge", active: 1, autostart: 1, method: "manual" })) };
    },
  },
];
