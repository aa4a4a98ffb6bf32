import { aCount, aDnsName, aFlag, aTagList, aText, maybe, oneOf } from "./formats.ts";
import type { Parameters } from "./parameters.ts";
import { newMac, type PveState } from "./state.ts";

const numbered = ["net", "mp", "dev", "unused"].flatMap((prefix) =>
  Array.from({ length: 32 }, (_, n) => [`${prefix}${n}`, maybe(aText)] as const),
);

/** What a container's configuration holds. */
export const lxcOptions: Parameters = {
  arch: maybe(oneOf("amd64", "i386", "arm64", "armhf", "riscv32", "riscv64")),
  cmode: maybe(oneOf("shell", "console", "tty")),
  console: maybe(aFlag),
  cores: maybe({ type: "integer", minimum: 1, maximum: 8192 }),
  cpulimit: maybe({ type: "number", minimum: 0, maximum: 8192 }),
  cpuunits: maybe(aCount),
  debug: maybe(aFlag),
  description: maybe({ type: "string", maxLength: 8192 }),
  entrypoint: maybe(aText),
  env: maybe(aText),
  features: maybe(aText),
  hookscript: maybe(aText),
  hostname: maybe(aDnsName),
  lock: maybe(aText),
  memory: maybe({ type: "integer", minimum: 16 }),
  nameserver: maybe(aText),
  onboot: maybe(aFlag),
  ostype: maybe(aText),
  protection: maybe(aFlag),
  rootfs: maybe(aText),
  searchdomain: maybe(aText),
  startup: maybe(aText),
  swap: maybe(aCount),
  tags: maybe(aTagList),
  template: maybe(aFlag),
  timezone: maybe(aText),
  tty: maybe(aCount),
  unprivileged: maybe(aFlag),
  ...Object.fromEntries(numbered),
};

/** A network card gets an address of its own, and a description ends in a line break. */
export function withHardware(state: PveState, name: string, value: string | number): string | number {
  if (name === "description") return `${String(value).trimEnd()}\n`;
  if (!/^net\d+$/.test(name)) return value;
  const parts = String(value).split(",");
  if (!parts.some((part) => part.startsWith("hwaddr="))) parts.splice(2, 0, `hwaddr=${newMac(state)}`);
  if (!parts.some((part) => part.startsWith("type="))) parts.push("type=veth");
  return parts.join(",");
}
