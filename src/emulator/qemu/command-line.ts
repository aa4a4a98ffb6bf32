import { type Drive, drivesOf, isDisk } from "../pve/drives.ts";
import type { Config } from "../pve/guest.ts";
import type { QemuImage, QemuSpec } from "./spec.ts";

export interface Hardware {
  readonly config: ReadonlyMap<string, string | number>;
  readonly image: QemuImage;
  readonly accelerator: QemuSpec["accelerator"];
  readonly sockets: { readonly monitor: string; readonly agent: string };
  readonly console: string;
  /** The file behind a disk. */
  readonly disk: (slot: string, drive: Drive) => string;
  /** The image in a CD drive; null where it is empty. */
  readonly tray: (slot: string) => string | null;
}

/** QEMU's arguments for a machine as PVE would build it, but for the kernel, which comes from outside. */
export function commandLine(hardware: Hardware): readonly string[] {
  const { config, image, accelerator, sockets } = hardware;
  const option = (name: string, otherwise: string): string => String(config.get(name) ?? otherwise);
  const uuid = /uuid=([^,]+)/.exec(option("smbios1", ""))?.[1];
  return [
    ...["-name", option("name", "guest"), "-machine", "pc", "-nodefaults", "-display", "none"],
    ...["-accel", accelerator === "tcg" ? "tcg,tb-size=512" : "kvm"],
    ...["-cpu", accelerator === "tcg" ? emulatedProcessor : "host"],
    // Emulated processors share the real ones with each other: a second one only waits for the first.
    ...["-smp", accelerator === "tcg" ? "1" : option("cores", "1")],
    ...["-m", option("memory", "512").replace("current=", ""), "-rtc", "base=utc"],
    ...(uuid === undefined ? [] : ["-uuid", uuid]),
    ...["-kernel", image.kernel, "-initrd", image.initrd, "-append", kernelArguments],
    ...["-device", "virtio-rng-pci", "-device", "virtio-serial-pci,id=channels"],
    ...["-chardev", `socket,id=agent,path=${sockets.agent},server=on,wait=off`],
    ...["-device", "virtserialport,bus=channels.0,chardev=agent,name=org.qemu.guest_agent.0"],
    ...["-qmp", `unix:${sockets.monitor},server=on,wait=off`],
    ...["-chardev", `file,id=console,path=${hardware.console},append=on`, "-serial", "chardev:console"],
    ...["-device", "virtio-scsi-pci,id=scsi"],
    ...drivesOf(new Map(config) as Config).flatMap(([slot, drive]) => driveArguments(hardware, slot, drive)),
    ...[...config].flatMap(([name, value]) => (/^net\d+$/.test(name) ? cardArguments(name, String(value)) : [])),
  ];
}

/**
 * About PVE's own default. What newer ones can do costs emulation more than it brings; and kernels that find `cx16` crash
 * in QEMU 7.2, which emulates it wrongly.
 */
const emulatedProcessor = "Nehalem-v1,-cx16";

/** Emulated processors need no protection from each other's speculation. */
const kernelArguments = "root=LABEL=root ro console=ttyS0 mitigations=off tsc=reliable no_timer_check net.ifnames=0";

function driveArguments({ disk, tray }: Hardware, slot: string, drive: Drive): readonly string[] {
  const number = Number(/\d+$/.exec(slot)?.[0] ?? 0);
  if (slot.startsWith("ide")) {
    const place = `bus=ide.${Math.floor(number / 2)},unit=${number % 2},id=${slot}`;
    const file = tray(slot);
    if (file === null) return ["-device", `ide-cd,${place}`];
    const medium = `if=none,id=medium-${slot},file=${file},format=raw,media=cdrom,readonly=on,file.locking=off`;
    return ["-drive", medium, "-device", `ide-cd,${place},drive=medium-${slot}`];
  }
  if (!isDisk(drive)) return [];
  const file = `if=none,id=drive-${slot},file=${disk(slot, drive)},format=qcow2,cache=unsafe,discard=unmap`;
  const device = slot.startsWith("scsi")
    ? `scsi-hd,bus=scsi.0,scsi-id=${number},drive=drive-${slot}`
    : `virtio-blk-pci,drive=drive-${slot}`;
  return ["-drive", file, "-device", device];
}

/** A network of the guest's own, in which 10.0.2.2 is this machine. Without a link nobody is there. */
function cardArguments(name: string, value: string): readonly string[] {
  const mac = /([0-9A-F]{2}(?::[0-9A-F]{2}){5})/i.exec(value)?.[1] ?? "";
  const net = /\blink_down=1\b/.test(value) ? `hubport,id=${name},hubid=${name.slice(3)}` : `user,id=${name}`;
  return ["-netdev", net, "-device", `virtio-net-pci,netdev=${name},mac=${mac},romfile=`];
}
