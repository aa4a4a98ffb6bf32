import { cloudInitFiles } from "./cloud-init.ts";
import { drivesOf, isCloudInit } from "./drives.ts";
import { oneOf } from "./formats.ts";
import { wantedConfig } from "./guest.ts";
import { onGuest } from "./guest-calls.ts";
import { failed } from "./refusal.ts";
import type { Route } from "./router.ts";
import { needGuest } from "./state.ts";

const root = "/nodes/{node}/qemu/{vmid}/cloudinit";
const inputs = /^(name|ci[a-z]+|sshkeys|nameserver|searchdomain|ipconfig\d+|net\d+)$/;

export const cloudInitCalls: readonly Route[] = [
  {
    method: "GET",
    path: root,
    call: "cloudinit.read",
    needs: onGuest("VM.Audit"),
    answer: ({ state, node, vmid }) => {
      const guest = needGuest(state, node, vmid);
      const entries = [...wantedConfig(guest)].filter(
        ([key]) => inputs.test(key) && /^(ci|ssh)/.test(key) && key !== "ciupgrade",
      );
      return { data: entries.map(([key, value]) => ({ key, value })) };
    },
  },
  {
    method: "PUT",
    path: root,
    call: "cloudinit",
    needs: onGuest("VM.Config.Cloudinit"),
    answer: ({ state, node, vmid }) => {
      const guest = needGuest(state, node, vmid);
      if (!drivesOf(guest.config).some(([, drive]) => isCloudInit(drive))) throw failed("No cloudinit drive found");
      cloudInitFiles(state, guest);
      return { data: null };
    },
  },
  {
    method: "GET",
    path: `${root}/dump`,
    call: "cloudinit.dump",
    parameters: { type: oneOf("user", "network", "meta") },
    needs: onGuest("VM.Audit"),
    answer: ({ state, node, vmid, values }) => {
      const { cicustom: _custom, ...config } = Object.fromEntries(needGuest(state, node, vmid).config);
      const guest = { ...needGuest(state, node, vmid), config: new Map(Object.entries(config)) };
      const names = { user: "user-data", network: "network-config", meta: "meta-data" } as const;
      const name = names[(values.text("type") ?? "user") as keyof typeof names];
      return { data: cloudInitFiles(state, guest)?.get(name) ?? "" };
    },
  },
];
