import type { ImageSystem } from "../domain/images/template-marker.ts";
import { bootDisk, cloudInitSlot } from "../proxmox/drives.ts";
import { bareValueOf, parseProperties, propertyOf } from "../proxmox/property-string.ts";

type Values = Readonly<Record<string, string>>;

/** What a guest lacks as a template. `needed`: no job could run in its clones, or no token could make them. */
export interface Lack {
  readonly level: "needed" | "advised";
  readonly what: string;
  readonly remedy: string;
}

/** What its agent says, where it runs and answers. */
export interface Inside {
  readonly runOnce: boolean;
  readonly runner: boolean;
  readonly facts: boolean;
}

export interface Candidate {
  readonly vmid: number;
  readonly values: Values;
  readonly template: boolean;
  readonly running: boolean;
  readonly snapshots: readonly string[];
  /** Null: nobody can look inside of it. */
  readonly inside: Inside | null;
}

/** Everything at once. */
export function examine(candidate: Candidate): readonly Lack[] {
  return [...hardware(candidate), ...conversion(candidate), ...secrets(candidate), ...inside(candidate)];
}

/** As PVE's `ostype` says: Windows has a letter and a number. */
export const systemOf = (values: Values): ImageSystem => (/^w/.test(values.ostype ?? "") ? "windows" : "linux");

const needed = (what: string, remedy: string): Lack => ({ level: "needed", what, remedy });
const advised = (what: string, remedy: string): Lack => ({ level: "advised", what, remedy });
const when = (wrong: boolean, lack: Lack): readonly Lack[] => (wrong ? [lack] : []);

function hardware({ vmid, values }: Candidate): readonly Lack[] {
  const disk = bootDisk(values);
  const slot = disk?.slot ?? "";
  const agent = parseProperties(values.agent ?? "");
  const agentOn = /^(1|on|yes|true)$/i.test(bareValueOf(agent) ?? propertyOf(agent, "enabled") ?? "0");
  const rootOnly = Object.keys(values).filter(
    (key) => ["args", "hookscript"].includes(key) || /^hostpci\d+$/.test(key),
  );
  return [
    ...when(
      cloudInitSlot(values) === null,
      needed(
        "it has no cloud-init drive, in whose place clones get their seed",
        `qm set ${vmid} --ide2 STORAGE:cloudinit`,
      ),
    ),
    ...when(
      cloudInitSlot(values) !== null && values.ciupgrade !== "0" && systemOf(values) === "linux",
      advised(
        "without a seed of ours its clones upgrade all packages before they are ready (DELIVERY=agent)",
        `qm set ${vmid} --ciupgrade 0`,
      ),
    ),
    ...when(!agentOn, needed("the guest agent is switched off", `qm set ${vmid} --agent enabled=1`)),
    ...when(disk === null, needed("it has no disk to boot from", `qm set ${vmid} --boot order=scsi0`)),
    ...when(
      disk !== null && !/^(scsi|virtio)\d+$/.test(slot),
      needed(
        `its boot disk is ${slot}, which is slow and cannot be grown while it runs`,
        "attach the disk as scsi0 (VirtIO SCSI)",
      ),
    ),
    ...when(
      disk?.sizeGiB !== null && disk !== null && (disk.sizeGiB ?? 0) < smallestGiB,
      advised(
        `its boot disk has ${disk?.sizeGiB} GiB, of which jobs get what the system leaves`,
        `qm resize ${vmid} ${slot} 20G`,
      ),
    ),
    ...when(
      slot.startsWith("scsi") && !/^virtio-scsi/.test(values.scsihw ?? ""),
      needed(
        `its disks hang on ${values.scsihw ?? "the default controller"}`,
        `qm set ${vmid} --scsihw virtio-scsi-single`,
      ),
    ),
    ...when(
      values.serial0 === undefined && systemOf(values) === "linux",
      advised("it has no serial console, on which a guest says why it ends", `qm set ${vmid} --serial0 socket`),
    ),
    ...when(
      values.ostype === undefined || values.ostype === "other",
      needed("nobody knows its operating system", `qm set ${vmid} --ostype l26 (or win11)`),
    ),
    ...when(values.net0 === undefined, needed("it has no network", `qm set ${vmid} --net0 virtio,bridge=vmbr0`)),
    ...rootOnly.map((key) =>
      needed(`it has the option ${key}, which only root may give to a clone`, `qm set ${vmid} --delete ${key}`),
    ),
  ];
}

const smallestGiB = 10;

function conversion({ vmid, values, template, running, snapshots }: Candidate): readonly Lack[] {
  return [
    ...when(running, needed("it runs", `shut it down (qm shutdown ${vmid}) after its clean-up`)),
    ...when(
      !template && snapshots.length > 0,
      needed(`it has snapshots (${snapshots.join(", ")}), with which PVE makes no template of it`, "remove them"),
    ),
    ...when(
      values.protection === "1",
      advised("it is protected, which each clone inherits until it is configured", `qm set ${vmid} --protection 0`),
    ),
    ...when(
      values.onboot === "1",
      advised("it starts with its node, which each clone inherits until it is configured", `qm set ${vmid} --onboot 0`),
    ),
    ...when(values.lock !== undefined, needed(`it is locked (${values.lock})`, "wait until that is over")),
  ];
}

function secrets({ vmid, values }: Candidate): readonly Lack[] {
  const left = ["cipassword", "sshkeys", "ciuser"].filter((key) => values[key] !== undefined);
  return left.map((key) =>
    advised(`cloud-init's ${key} is set, which opens every clone to whoever has it`, `qm set ${vmid} --delete ${key}`),
  );
}

function inside({ inside, running, template }: Candidate): readonly Lack[] {
  if (inside === null) {
    const how = template || !running ? "" : " (its guest agent does not answer)";
    return [
      advised(
        `nobody has looked inside of it${how}`,
        "start it before it becomes a template, and adopt it without --family",
      ),
    ];
  }
  const script = "run templates/image/install.sh inside of it, then clean.sh";
  return [
    ...when(!inside.runner, needed("there is no actions runner in /opt/actions-runner", script)),
    ...when(
      !inside.runOnce,
      advised("there is no /opt/dispatcher/run-once: only deliveries with user-data work", script),
    ),
    ...when(
      !inside.facts,
      advised("there is no /etc/dispatcher/image.json: nobody knows its runner's version", script),
    ),
  ];
}
