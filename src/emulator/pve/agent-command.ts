import { reachAgent, throughAgent } from "./agent-calls.ts";
import { drivesOf } from "./drives.ts";
import { aText, maybe, oneOf } from "./formats.ts";
import type { Guest } from "./guest.ts";
import type { Answer, Call, Route } from "./router.ts";
import { needGuest } from "./state.ts";

type Command = (guest: Guest, call: Call) => unknown;

const commands = (
  "exec exec-status file-close file-flush file-open file-read file-seek file-write fsfreeze-freeze fsfreeze-freeze-list " +
  "fsfreeze-status fsfreeze-thaw fstrim get-cpustats get-devices get-diskstats get-disks get-fsinfo get-host-name " +
  "get-memory-block-info get-memory-blocks get-osinfo get-time get-timezone get-users get-vcpus info " +
  "network-get-interfaces ping set-memory-blocks set-time set-user-password set-vcpus shutdown ssh-add-authorized-keys " +
  "ssh-get-authorized-keys ssh-remove-authorized-keys suspend-disk suspend-hybrid suspend-ram sync sync-delimited"
).split(" ");

const thawed = (): string => "thawed";
const nothing = (): Record<string, never> => ({});

/** What the guest's agent answers to commands that only look. */
const asked = {
  "get-fsinfo": (guest) =>
    drivesOf(guest.config)
      .slice(0, 1)
      .map(() => ({
        name: "sda1",
        mountpoint: "/",
        type: "ext4",
        disk: [],
        "total-bytes": 2 ** 31,
        "used-bytes": 2 ** 30,
      })),
  "get-host-name": (guest) => ({ "host-name": String(guest.config.get("name") ?? "localhost") }),
  "get-memory-block-info": () => ({ size: 128 * 1024 ** 2 }),
  "get-memory-blocks": () => [],
  "get-osinfo": () => ({
    id: "debian",
    name: "Debian GNU/Linux",
    "pretty-name": "Debian GNU/Linux 12 (bookworm)",
    version: "12 (bookworm)",
    "version-id": "12",
    machine: "x86_64",
    "kernel-release": "6.1.0-1-cloud-amd64",
    "kernel-version": "#1 SMP PREEMPT_DYNAMIC Debian",
  }),
  "get-time": (_guest, { state }) => state.time.now() * 1_000_000,
  "get-timezone": () => ({ zone: "UTC", offset: 0 }),
  "get-users": () => [],
  "get-vcpus": () => [{ "logical-id": 0, online: true, "can-offline": false }],
  info: () => ({
    version: "7.2.0",
    supported_commands: commands.map((name) => ({
      name: `guest-${name}`,
      enabled: true,
      "success-response": true,
    })),
  }),
  "network-get-interfaces": (guest) => interfaces(guest),
} as const satisfies Record<string, Command>;

/** What it does. */
const told = {
  "fsfreeze-freeze": () => 1,
  "fsfreeze-status": thawed,
  "fsfreeze-thaw": () => 1,
  fstrim: () => ({ paths: [] }),
  ping: nothing,
  shutdown: nothing,
  "suspend-disk": nothing,
  "suspend-hybrid": nothing,
  "suspend-ram": nothing,
} as const satisfies Record<string, Command>;

const all: Readonly<Record<string, Command>> = { ...asked, ...told };
const root = "/nodes/{node}/qemu/{vmid}/agent";

export const agentCommandCalls: readonly Route[] = [
  ...Object.keys(asked).map((name) => route("GET", name)),
  ...Object.keys(told).map((name) => route("POST", name)),
  {
    method: "POST",
    path: root,
    call: "agent.command",
    parameters: { command: oneOf(...Object.keys(all).sort()) },
    needs: throughAgent("Command"),
    answer: (call) => run(call, call.values.text("command") ?? ""),
  },
  {
    method: "POST",
    path: `${root}/set-user-password`,
    call: "agent.set-user-password",
    parameters: {
      username: aText,
      password: { type: "string", minLength: 5, maxLength: 1024 },
      crypted: maybe({ type: "boolean" }),
    },
    needs: throughAgent("Unrestricted"),
    answer: async (call) => {
      await reachAgent(call);
      return { data: { result: nothing() } };
    },
  },
];

function route(method: "GET" | "POST", name: string): Route {
  const needs = throughAgent(name.startsWith("fs") || name.startsWith("suspend") ? "FileSystemMgmt" : "Audit");
  return { method, path: `${root}/${name}`, call: `agent.${name}`, needs, answer: (call) => run(call, name) };
}

async function run(call: Call, name: string): Promise<Answer> {
  const system = await reachAgent(call);
  if (system.ask !== undefined) return { data: { result: await system.ask(name) } };
  return { data: { result: all[name]?.(needGuest(call.state, call.node, call.vmid), call) } };
}

function interfaces(guest: Guest): readonly unknown[] {
  const cards = [entry("lo", "00:00:00:00:00:00", ["127.0.0.1", "ipv4", 8], ["::1", "ipv6", 128])];
  for (const [name, value] of guest.config) {
    const number = /^net(\d+)$/.exec(name)?.[1];
    if (number === undefined) continue;
    const mac = /([0-9a-f]{2}(:[0-9a-f]{2}){5})/i.exec(String(value))?.[1]?.toLowerCase() ?? "";
    const set = /\bip=([\d.]+)\/(\d+)/.exec(String(guest.config.get(`ipconfig${number}`) ?? ""));
    const address = set?.[1] ?? `192.0.2.${1 + (guest.vmid % 250)}`;
    cards.push(entry(`eth${number}`, mac, [address, "ipv4", Number(set?.[2] ?? 24)], [linkLocal(mac), "ipv6", 64]));
  }
  return cards;
}

function entry(name: string, mac: string, ...addresses: readonly [string, string, number][]): unknown {
  const counters = ["bytes", "packets", "errs", "dropped"].flatMap((what) => [`rx-${what}`, `tx-${what}`]);
  return {
    name,
    "hardware-address": mac,
    "ip-addresses": addresses.map(([ip, type, prefix]) => ({ "ip-address": ip, "ip-address-type": type, prefix })),
    statistics: Object.fromEntries(counters.map((counter) => [counter, 0])),
  };
}

function linkLocal(mac: string): string {
  const [a = "0", b = "", c = "", d = "", e = "", f = ""] = mac.split(":");
  return `fe80::${((Number.parseInt(a, 16) ^ 2) >>> 0).toString(16)}${b}:${c}ff:fe${d}:${e}${f}`;
}
