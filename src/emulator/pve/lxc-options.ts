import { aCount, aDnsName, aFlag, aTagList, aText, maybe, oneOf } from "./formats.ts";
import type { Parameters } from "./parameters.ts";
import { newMac, type PveState } from "./state.ts";

const numbered = ["net", "mp", "dev", "unused"].flatMap((prefix) =>
  Array.from({ length: 32 }, (_, n) => [`${prefix}${n}`, maybe(aText)] as const),
);

const printable = "[^\\x00-\\x08\\x0a-\\x1F\\x7F]";

/** What a container's configuration holds. */
export const lxcOptions: Parameters = {
  arch: maybe(oneOf("amd64", "i386", "arm64", "armhf", "riscv32", "riscv64")),
  cmode: maybe(oneOf("shell", "console", "tty")),
  console: maybe(aFlag),
  cores: maybe({ type: "integer", minimum: 1, maximum: 8192 }),
  cpulimit: maybe({ type: "number", minimum: 0, maximum: 8192 }),
  cpuunits: maybe({ type: "integer", minimum: 0, maximum: 500_000 }),
  debug: maybe(aFlag),
  description: maybe({ type: "string", maxLength: 8192 }),
  entrypoint: { type: "string", pattern: new RegExp(`^${printable}+$`), optional: true, only: "9.2" },
  env: {
    type: "string",
    pattern: new RegExp(`^\\w+=${printable}*(\0\\w+=${printable}*)*$`),
    optional: true,
    only: "9.2",
  },
  features: maybe(aText),
  hookscript: maybe(aText),
  hostname: maybe({ ...aDnsName, maxLength: 255 }),
  lock: maybe(
    oneOf(..."backup create destroyed disk fstrim migrate mounted rollback snapshot snapshot-delete".split(" ")),
  ),
  memory: maybe({ type: "integer", minimum: 16 }),
  nameserver: maybe(aText),
  onboot: maybe(aFlag),
  ostype: maybe(
    oneOf(..."debian devuan ubuntu centos fedora opensuse archlinux alpine gentoo nixos unmanaged".split(" ")),
  ),
  protection: maybe(aFlag),
  rootfs: maybe(aText),
  searchdomain: maybe(aText),
  startup: maybe(aText),
  swap: maybe(aCount),
  tags: maybe(aTagList),
  template: maybe(aFlag),
  timezone: maybe(aText),
  tty: maybe({ type: "integer", minimum: 0, maximum: 6 }),
  unprivileged: maybe(aFlag),
  ...Object.fromEntries(numbered),
};

/** The privilege that an option needs on its container. */
export function lxcPrivilegeFor(name: string): string {
  if (/^(cores|cpulimit|cpuunits)$/.test(name)) return "VM.Config.CPU";
  if (/^(rootfs|mp\d+|unused\d+)$/.test(name)) return "VM.Config.Disk";
  if (/^(memory|swap)$/.test(name)) return "VM.Config.Memory";
  if (/^(net\d+|nameserver|searchdomain|hostname)$/.test(name)) return "VM.Config.Network";
  return name === "features" ? "VM.Allocate" : "VM.Config.Options";
}

/** A network card gets an address of its own, and a description ends in a line break. */
export function withHardware(state: PveState, name: string, value: string | number): string | number {
  if (name === "description") return `${String(value).trimEnd()}\n`;
  if (!/^net\d+$/.test(name)) return value;
  const parts = String(value).split(",");
  if (!parts.some((part) => part.startsWith("hwaddr="))) parts.splice(2, 0, `hwaddr=${newMac(state)}`);
  if (!parts.some((part) => part.startsWith("type="))) parts.push("type=veth");
  return parts.join(",");
}
