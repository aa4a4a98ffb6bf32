import { aFlag, aText, maybe } from "./formats.ts";
import { onGuest } from "./guest-calls.ts";
import { failed } from "./refusal.ts";
import type { Route } from "./router.ts";
import { needGuest } from "./state.ts";

/** What one types into a guest's console, for example Packer into an installer. No emulated guest reads it. */
export const keyCalls: readonly Route[] = [
  {
    method: "PUT",
    path: "/nodes/{node}/qemu/{vmid}/sendkey",
    call: "sendkey",
    parameters: { key: aText, skiplock: maybe(aFlag) },
    needs: onGuest("VM.Console"),
    answer: ({ state, node, vmid }) => {
      const guest = needGuest(state, node, vmid);
      if (guest.power.kind !== "running") throw failed(`VM ${vmid} not running`);
      return { data: null };
    },
  },
];
