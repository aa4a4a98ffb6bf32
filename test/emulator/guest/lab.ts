import type { Durations } from "../../../src/emulator/guest/durations.ts";
import { createGuests } from "../../../src/emulator/guest/guests.ts";
import { images } from "../../../src/emulator/guest/images.ts";
import { warmUp } from "../../../src/emulator/guest/warm-up.ts";
import type { GuestSystem, Medium } from "../../../src/emulator/machine.ts";
import { type Lab as GithubLab, lab as githubLab } from "../github/lab.ts";
import { isoOf } from "./iso.ts";

await warmUp();

export interface GuestLab extends GithubLab {
  boot(media: Readonly<Record<string, Medium>>, image?: string): Guest;
  /** With one seed where PVE's cloud-init drive usually is. */
  seeded(userData: string, image?: string): Guest;
}

export interface Guest extends GuestSystem {
  readonly off: AbortSignal;
  /** PVE stops it. */
  stop(): void;
  /** What it did, in the audit's words. */
  notes(): readonly string[];
  text(path: string): Promise<string | null>;
}

export function lab(spec: Parameters<typeof githubLab>[0] = {}, durations: Partial<Durations> = {}): GuestLab {
  const world = githubLab(spec);
  const start = createGuests({
    runners: world.github.runners,
    time: world.time,
    audit: (entry) => world.audit.push(entry),
    images,
    durations,
  });
  let vmid = 100;

  const boot: GuestLab["boot"] = (media, image = "runner") => {
    vmid += 1;
    const mine = vmid;
    const power = new AbortController();
    const system = start({
      vmid: mine,
      image,
      media: () => new Map(Object.entries(media)),
      powerOff: () => power.abort(),
      off: power.signal,
    });
    return {
      ...system,
      off: power.signal,
      stop: () => power.abort(),
      notes: () => world.audit.flatMap((e) => (e.event === "guest" && e.vmid === mine ? [e.what] : [])),
      async text(path) {
        const bytes = await system.readFile(path);
        return bytes === null ? null : new TextDecoder().decode(bytes);
      },
    };
  };
  return { ...world, boot, seeded: (userData, image) => boot({ ide2: seed(userData) }, image) };
}

export const seed = (userData: string, label = "cidata"): Medium => ({
  kind: "image",
  bytes: isoOf(label, { "user-data": userData, "meta-data": "instance-id: i-1\nlocal-hostname: vm-1\n" }),
});

export const drive = (userData: string): Medium => ({
  kind: "cloudinit",
  files: new Map([
    ["user-data", userData],
    ["meta-data", "instance-id: pve\n"],
  ]),
});

/** User-data that arms a runner with a JIT config, through a unit. */
export const armed = (config: string): string => `#cloud-config
write_files:
  - path: /etc/dispatcher.env
    permissions: "0600"
    content: ACTIONS_RUNNER_INPUT_JITCONFIG=${config}
  - path: /etc/systemd/system/once.service
    content: |
      [Service]
      User=runner
      EnvironmentFile=/etc/dispatcher.env
      WorkingDirectory=/opt/actions-runner
      ExecStart=/opt/actions-runner/run.sh
      ExecStopPost=+/usr/bin/systemctl poweroff
runcmd:
  - [systemctl, daemon-reload]
  - systemctl start --no-block once.service
`;
