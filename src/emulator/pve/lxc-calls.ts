import { containerDigest, currentContainer, listedContainer, needContainer } from "./container.ts";
import { aDigest, aFlag, maybe, tagsIn } from "./formats.ts";
import { onGuest } from "./guest-calls.ts";
import { lxcOptions, withHardware } from "./lxc-options.ts";
import { allowed } from "./permissions.ts";
import { failed } from "./refusal.ts";
import type { Answer, Call, Route } from "./router.ts";

const root = "/nodes/{node}/lxc";

export const lxcCalls: readonly Route[] = [
  {
    method: "GET",
    path: root,
    call: "containers",
    answer: ({ state, token, node }) => ({
      data: [...state.containers.values()]
        .filter((one) => one.node === node && allowed(state, token, `/vms/${one.vmid}`, "VM.Audit"))
        .map((one) => listedContainer(state, one)),
    }),
  },
  {
    method: "GET",
    path: `${root}/{vmid}/config`,
    call: "lxc.config.read",
    parameters: { current: maybe(aFlag), snapshot: maybe(aDigest) },
    needs: onGuest("VM.Audit"),
    answer: ({ state, node, vmid }) => {
      const container = needContainer(state, node, vmid);
      return { data: { ...Object.fromEntries(container.config), digest: containerDigest(container) } };
    },
  },
  {
    method: "PUT",
    path: `${root}/{vmid}/config`,
    call: "lxc.config",
    parameters: {
      ...lxcOptions,
      delete: maybe({ type: "string", list: true }),
      revert: maybe({ type: "string", list: true }),
      digest: maybe(aDigest),
    },
    needs: onGuest("VM.Config.Disk", "VM.Config.CPU", "VM.Config.Memory", "VM.Config.Network", "VM.Config.Options"),
    answer: configure,
  },
  {
    method: "GET",
    path: `${root}/{vmid}/status/current`,
    call: "lxc.status",
    needs: onGuest("VM.Audit"),
    answer: ({ state, node, vmid }) => ({ data: currentContainer(state, needContainer(state, node, vmid)) }),
  },
  {
    method: "GET",
    path: `${root}/{vmid}/interfaces`,
    call: "lxc.interfaces",
    needs: onGuest("VM.Audit"),
    answer: interfaces,
  },
];

function configure({ state, node, vmid, values }: Call): Answer {
  const container = needContainer(state, node, vmid);
  const digest = values.text("digest");
  if (digest !== undefined && digest !== containerDigest(container)) {
    throw failed("detected modified configuration - file changed by other user? Try again.");
  }
  const lock = container.config.get("lock");
  if (lock !== undefined) throw failed(`CT is locked (${lock})`);
  const wished = [...values.entries()].filter(([name]) => Object.hasOwn(lxcOptions, name));
  const removed = (values.text("delete") ?? "").split(/[,;\s]+/).filter((name) => name !== "");
  if (wished.length + removed.length === 0) throw failed("no options specified");
  for (const name of removed) container.config.delete(name);
  for (const [name, value] of wished) {
    if (name === "tags") container.config.set(name, tagsIn(String(value)).join(";"));
    else container.config.set(name, withHardware(state, name, value));
  }
  return { data: null };
}

/** A container has its addresses about a second after its start. */
function interfaces({ state, node, vmid }: Call): Answer {
  const { config, running } = needContainer(state, node, vmid);
  if (running === null) return { data: [] };
  const up = state.time.now() - running.since >= 1000;
  const list: unknown[] = [entry("lo", "00:00:00:00:00:00", up ? "127.0.0.1/8" : null, up ? "::1/128" : null)];
  for (const [name, value] of config) {
    if (!/^net\d+$/.test(name)) continue;
    const part = (key: string): string | null => new RegExp(`\\b${key}=([^,]+)`).exec(String(value))?.[1] ?? null;
    const address = part("ip");
    const static4 = up && address?.includes("/") === true ? address : null;
    list.push(entry(part("name") ?? "eth0", (part("hwaddr") ?? "").toLowerCase(), static4, null));
  }
  return { data: list };
}

function entry(name: string, mac: string, inet: string | null, inet6: string | null): Record<string, unknown> {
  const addresses = [
    [inet, "inet"],
    [inet6, "inet6"],
  ].flatMap(([address, type]) => {
    const [ip, prefix] = (address ?? "").split("/");
    return address === null ? [] : [{ "ip-address": ip, "ip-address-type": type, prefix }];
  });
  return {
    name,
    hwaddr: mac,
    "hardware-address": mac,
    "ip-addresses": addresses,
    ...(inet === null ? {} : { inet }),
    ...(inet6 === null ? {} : { inet6 }),
  };
}
