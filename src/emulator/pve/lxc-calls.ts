import { type Container, containerDigest, currentContainer, listedContainer, needContainer } from "./container.ts";
import { aDigest, aFlag, configId, maybe, tagsIn } from "./formats.ts";
import { onGuest } from "./guest-calls.ts";
import { lxcOptions, lxcPrivilegeFor, withHardware } from "./lxc-options.ts";
import { allowed, demand } from "./permissions.ts";
import { badParameters, failed } from "./refusal.ts";
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
    parameters: { current: maybe(aFlag), snapshot: maybe({ ...configId, maxLength: 40 }) },
    needs: onGuest("VM.Audit"),
    answer: (call) => {
      const container = readable(call);
      return { data: { ...Object.fromEntries(container.config), digest: containerDigest(container) } };
    },
  },
  {
    method: "GET",
    path: `${root}/{vmid}/pending`,
    call: "lxc.pending",
    needs: onGuest("VM.Audit"),
    // Every change takes hold at once.
    answer: (call) => {
      const container = readable(call);
      const entries = [...container.config].map(([key, value]) => ({ key, value }));
      return { data: [...entries, { key: "digest", value: containerDigest(container) }] };
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

/** With variables for its environment nothing of it is shown to who may not set them. */
function readable({ state, token, node, vmid }: Call): Container {
  const container = needContainer(state, node, vmid);
  if (container.config.has("env")) demand(state, token, `/vms/${vmid}`, "VM.Config.Options");
  return container;
}

function configure({ state, token, node, vmid, values }: Call): Answer {
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
  const unknown = removed.find((name) => !Object.hasOwn(lxcOptions, name));
  if (unknown !== undefined) throw badParameters({ delete: `unknown option '${unknown}'` });
  for (const name of [...removed, ...wished.map(([name]) => name)]) {
    demand(state, token, `/vms/${vmid}`, lxcPrivilegeFor(name));
  }
  for (const name of removed) container.config.delete(name);
  for (const [name, value] of wished) {
    if (name === "tags") container.config.set(name, tagsIn(String(value)).join(";"));
    else container.config.set(name, withHardware(state, name, value));
  }
  return { data: null };
}

/** A container has its addresses about a second after its start. */
function interfaces({ state, node, vmid }: Call): Answer {
  const { config, running, system } = needContainer(state, node, vmid);
  if (running === null) return { data: [] };
  const up = state.time.now() - running.since >= 1000;
  const list: unknown[] = [entry("lo", "00:00:00:00:00:00", up ? "127.0.0.1/8" : null, up ? "::1/128" : null)];
  for (const [name, value] of config) {
    if (!/^net\d+$/.test(name)) continue;
    const part = (key: string): string | null => new RegExp(`\\b${key}=([^,]+)`).exec(String(value))?.[1] ?? null;
    const address = part("ip");
    const own = system?.addresses()?.find((one) => !one.includes(":")) ?? null;
    const static4 = !up ? null : (own ?? (address?.includes("/") === true ? address : null));
    const mac = (part("hwaddr") ?? "").toLowerCase();
    list.push(entry(part("name") ?? "eth0", mac, static4, up ? linkLocal(mac) : null));
  }
  return { data: list };
}

/** The address that a card gives itself. */
function linkLocal(mac: string): string {
  const [first = 0, ...rest] = mac.split(":").map((part) => Number.parseInt(part, 16));
  const bytes = [first ^ 2, ...rest.slice(0, 2), 0xff, 0xfe, ...rest.slice(2)];
  const words = [0, 2, 4, 6].map((at) => (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16));
  return `fe80::${words.join(":")}/64`;
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
