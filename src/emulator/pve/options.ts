import { isDriveSlot } from "./drives.ts";
import {
  aCount,
  aDigest,
  aDnsName,
  aFlag,
  aMemory,
  aTagList,
  aText,
  aVmid,
  nodeName,
  oneOf,
  storageId,
  urlEncodedText,
} from "./formats.ts";
import type { Parameter, Parameters } from "./parameters.ts";

const longText = (maxLength: number): Parameter => ({ type: "string", maxLength });
const list: Parameter = { type: "string", list: true };
const atLeastOne: Parameter = { type: "integer", minimum: 1 };

const single = {
  acpi: aFlag,
  affinity: aText,
  "allow-ksm": { ...aFlag, only: "9.2" },
  agent: aText,
  "amd-sev": aText,
  arch: oneOf("x86_64", "aarch64"),
  args: aText,
  audio0: aText,
  autostart: aFlag,
  balloon: aCount,
  bios: oneOf("seabios", "ovmf"),
  boot: aText,
  bootdisk: { type: "string", pattern: /^(ide|sata|scsi|virtio)\d+$/ },
  cdrom: aText,
  cicustom: aText,
  cipassword: aText,
  citype: oneOf("configdrive2", "nocloud", "opennebula"),
  ciupgrade: aFlag,
  ciuser: aText,
  cores: atLeastOne,
  cpu: aText,
  cpulimit: { type: "number", minimum: 0, maximum: 128 },
  cpuunits: { type: "integer", minimum: 1, maximum: 262144 },
  description: longText(8192),
  efidisk0: aText,
  freeze: aFlag,
  hookscript: aText,
  hotplug: aText,
  hugepages: oneOf("any", "2", "1024"),
  "intel-tdx": { ...aText, only: "9.2" },
  ivshmem: aText,
  keephugepages: aFlag,
  keyboard: oneOf(
    ..."de de-ch da en-gb en-us es fi fr fr-be fr-ca fr-ch hu is it ja lt mk nl no pl pt pt-br sv sl tr".split(" "),
  ),
  kvm: aFlag,
  localtime: aFlag,
  lock: oneOf(..."backup clone create migrate rollback snapshot snapshot-delete suspending suspended".split(" ")),
  machine: aText,
  memory: aMemory,
  migrate_downtime: { type: "number", minimum: 0 },
  migrate_speed: aCount,
  name: aDnsName,
  nameserver: aText,
  node: nodeName,
  numa: aFlag,
  onboot: aFlag,
  ostype: oneOf(
    "other",
    "wxp",
    "w2k",
    "w2k3",
    "w2k8",
    "wvista",
    "win7",
    "win8",
    "win10",
    "win11",
    "l24",
    "l26",
    "solaris",
  ),
  protection: aFlag,
  reboot: aFlag,
  rng0: aText,
  scsihw: oneOf("lsi", "lsi53c810", "virtio-scsi-pci", "virtio-scsi-single", "megasas", "pvscsi"),
  searchdomain: aText,
  shares: { type: "integer", minimum: 0, maximum: 50000 },
  smbios1: longText(512),
  smp: atLeastOne,
  sockets: atLeastOne,
  spice_enhancements: aText,
  sshkeys: urlEncodedText,
  startdate: { type: "string", pattern: /^(now|\d{4}-\d{1,2}-\d{1,2}(T\d{1,2}:\d{1,2}:\d{1,2})?)$/ },
  startup: aText,
  tablet: aFlag,
  tags: aTagList,
  tdf: aFlag,
  template: aFlag,
  tpmstate0: aText,
  vcpus: atLeastOne,
  vga: aText,
  vmgenid: { type: "string", pattern: /^([a-fA-F0-9]{8}(-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}|[01])$/ },
  vmstatestorage: storageId,
  watchdog: aText,
} as const satisfies Parameters;

const numbered: readonly (readonly [prefix: string, count: number])[] = [
  ["hostpci", 16],
  ["ide", 4],
  ["ipconfig", 32],
  ["net", 32],
  ["numa", 8],
  ["parallel", 3],
  ["sata", 6],
  ["scsi", 31],
  ["serial", 4],
  ["unused", 256],
  ["usb", 14],
  ["virtio", 16],
  ["virtiofs", 10],
];

const patterns: Parameters = {
  parallel: { type: "string", pattern: /^(\/dev\/parport\d+|\/dev\/usb\/lp\d+)$/ },
  serial: { type: "string", pattern: /^(\/dev\/[^,]+|socket)$/ },
};

const options: Parameters = {
  ...single,
  ...Object.fromEntries(
    numbered.flatMap(([prefix, count]) =>
      Array.from({ length: count }, (_, n) => [`${prefix}${n}`, patterns[prefix] ?? aText]),
    ),
  ),
};

/** What a change of the configuration may name: every option, and what steers the change itself. */
export const configParameters: Parameters = {
  ...Object.fromEntries(Object.entries(options).map(([name, parameter]) => [name, { ...parameter, optional: true }])),
  delete: { ...list, optional: true },
  revert: { ...list, optional: true },
  digest: { ...aDigest, optional: true },
  force: { ...aFlag, optional: true },
  skiplock: { ...aFlag, optional: true },
  vmid: aVmid,
  background_delay: { type: "integer", minimum: 1, maximum: 30, optional: true },
  "import-working-storage": { ...storageId, optional: true },
};

export const isOption = (name: string): boolean => Object.hasOwn(options, name);

/** Tokens never may set these, whatever their privileges are. */
export const isRootOnly = (name: string): boolean =>
  ["args", "lock", "vmgenid", "hookscript"].includes(name) || name.startsWith("hostpci");

/** What takes hold on a running machine at once; everything else waits for its next start. */
export const isLive = (name: string): boolean =>
  ["name", "description", "tags", "onboot", "protection", "startup", "shares", "boot"].includes(name) ||
  /^net\d+$/.test(name) ||
  isDriveSlot(name);

/** The privilege that an option needs on its guest. */
export function privilegeFor(name: string): string {
  if (["memory", "balloon", "shares"].includes(name)) return "VM.Config.Memory";
  if (["cores", "cpu", "sockets", "numa", "cpulimit", "cpuunits", "vcpus"].includes(name)) return "VM.Config.CPU";
  if (/^net\d+$/.test(name)) return "VM.Config.Network";
  if (/^(ci[a-z]+|ipconfig\d+|sshkeys|nameserver|searchdomain)$/.test(name)) return "VM.Config.Cloudinit";
  if (name === "boot" || isDriveSlot(name)) return "VM.Config.Disk";
  if (/^(serial\d+|vga|smbios1|machine|hotplug|rng0|kvm|watchdog|usb\d+|scsihw)$/.test(name)) return "VM.Config.HWType";
  return "VM.Config.Options";
}
