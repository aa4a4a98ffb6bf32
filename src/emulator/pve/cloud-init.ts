import { createHash } from "node:crypto";
import { drivesOf, isCloudInit, splitVolume } from "./drives.ts";
import type { Guest } from "./guest.ts";
import { failed } from "./refusal.ts";
import { readSnippet } from "./snippets.ts";
import { needStorage, type PveState } from "./state.ts";

const fileNames = {
  user: "user-data",
  meta: "meta-data",
  network: "network-config",
  vendor: "vendor-data",
} as const satisfies Record<string, string>;

export type CloudInitFiles = ReadonlyMap<string, string>;

/** What PVE's own cloud-init drive holds; null for a guest that has none. The files are made anew at each start. */
export function cloudInitFiles(state: PveState, guest: Guest): CloudInitFiles | null {
  if (!drivesOf(guest.config).some(([, drive]) => isCloudInit(drive))) return null;
  const files = new Map<string, string>([
    [fileNames.user, userData(guest)],
    [fileNames.network, networkConfig(guest)],
  ]);
  for (const part of String(guest.config.get("cicustom") ?? "").split(",")) {
    const [kind = "", volume = ""] = part.split("=");
    if (kind in fileNames) files.set(fileNames[kind as keyof typeof fileNames], snippet(state, volume));
  }
  if (!files.has(fileNames.meta)) {
    const contents = [...files].flat().join("\n");
    files.set(fileNames.meta, `instance-id: ${createHash("sha1").update(contents).digest("hex")}\n`);
  }
  return files;
}

function snippet(state: PveState, volume: string): string {
  const parts = splitVolume(volume);
  const storage = needStorage(state, parts?.storage ?? "");
  const [folder, name] = (parts?.name ?? "").split("/");
  const text = folder === "snippets" && name !== undefined ? readSnippet(storage, name) : null;
  if (text === null) throw failed(`volume '${volume}' does not exist`);
  return text;
}

function userData({ config, vmid }: Guest): string {
  const name = String(config.get("name") ?? `VM${vmid}`);
  const user = config.get("ciuser");
  const keys = decodeURIComponent(String(config.get("sshkeys") ?? ""))
    .split("\n")
    .filter((key) => key !== "");
  const lines = ["#cloud-config", `hostname: ${name}`, "manage_etc_hosts: true", `fqdn: ${name}`];
  if (user !== undefined) lines.push(`user: ${user}`);
  if (keys.length > 0) lines.push("ssh_authorized_keys:", ...keys.map((key) => `  - ${key}`));
  lines.push("chpasswd:", "  expire: False", "users:", "  - default");
  if (config.get("ciupgrade") !== 0) lines.push("package_upgrade: true");
  return `${lines.join("\n")}\n`;
}

/** A card without `ipconfig` is not in it: the guest does with that as it likes. At the end stands the node's resolver. */
function networkConfig({ config }: Guest): string {
  const lines = ["version: 1", "config:"];
  for (const [name, value] of config) {
    const number = /^net(\d+)$/.exec(name)?.[1];
    const ipconfig = number === undefined ? undefined : config.get(`ipconfig${number}`);
    if (ipconfig === undefined) continue;
    const mac = /([0-9A-F]{2}(:[0-9A-F]{2}){5})/i.exec(String(value))?.[1] ?? "";
    lines.push("    - type: physical", `      name: eth${number}`, `      mac_address: '${mac.toLowerCase()}'`);
    const address = /\bip=([^,]+)/.exec(String(ipconfig))?.[1];
    if (address !== undefined) {
      const kind =
        address === "dhcp" ? ["      - type: dhcp4"] : ["      - type: static", `        address: '${address}'`];
      lines.push("      subnets:", ...kind);
    }
  }
  lines.push("    - type: nameserver", "      address:", `      - '${resolver}'`);
  return `${lines.join("\n")}\n`;
}

/** Which QEMU's own networks have, too. */
const resolver = "10.0.2.3";
