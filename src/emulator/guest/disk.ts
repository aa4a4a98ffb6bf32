import type { InitialFiles } from "just-bash";
import { GuestFiles } from "./files.ts";
import type { Image } from "./images.ts";
import { ownFiles } from "./own-files.ts";
import type { Users } from "./users.ts";

export const runnerFolder = "/opt/actions-runner";

/** What an image's disk holds when the machine is switched on. */
export function createDisk(image: Image, users: Users): GuestFiles {
  const folders = ["/boot", "/dev", "/etc/default", "/etc/systemd/system", "/home", "/opt", "/root", "/run", "/srv"];
  const more = ["/run/systemd/system", "/usr/lib/systemd/system", "/usr/local/bin", "/usr/local/sbin", "/var/log"];
  const cloud = ["/tmp", "/var/lib/cloud/instance", "/var/tmp", "/mnt", "/proc", "/sys", "/etc/sudoers.d"];
  const disk = new GuestFiles({
    "/etc/hostname": "localhost\n",
    "/etc/os-release": 'ID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n',
    "/etc/passwd": users
      .all()
      .map((user) => `${user.name}:x:${user.uid}:${user.uid}::${user.home}:/bin/bash\n`)
      .join(""),
    ...systemPrograms,
    ...(image.runner ? runnerSoftware : {}),
    ...(image.dispatcher ? ownFiles() : {}),
  });
  for (const folder of [...folders, ...more, ...cloud, ...users.all().map((user) => user.home)]) {
    disk.mkdirSync(folder, { recursive: true });
  }
  for (const user of users.all()) disk.chown(user.home, user.name, true);
  if (image.runner) disk.chown(runnerFolder, "runner", true);
  for (const open of ["/tmp", "/var/tmp"]) void disk.chmod(open, 0o777);
  void disk.chmod("/root", 0o700);
  return disk;
}

const program = (body: string) => ({ content: `#!/bin/bash\n${body}\n`, mode: 0o755 });

/** The interpreter puts commands into /bin and /usr/bin alone. */
const systemPrograms: InitialFiles = Object.fromEntries(
  ["poweroff", "shutdown", "halt", "reboot", "runuser", "useradd", "usermod", "groupadd"].flatMap((name) =>
    ["/sbin", "/usr/sbin"].map((folder) => [`${folder}/${name}`, program(`/usr/bin/${name} "$@"`)]),
  ),
);

const inFolder = (name: string) => program(`actions-runner-${name} "$(dirname -- "$0")" "$@"`);

/** The image's helper: registers with a token, serves one job, and turns the machine off. */
const runOnce = `
set -u
if [ $# -lt 2 ]; then
  echo "usage: run-once.sh <repository or organisation URL> <registration token> [labels] [name]" >&2
  exit 64
fi
url=$1
token=$2
labels=\${3:-self-hosted}
name=\${4:-$(hostname)}
cd ${runnerFolder}
as_runner() {
  if [ "$(id -u)" -eq 0 ]; then runuser -u runner -- "$@"; else "$@"; fi
}
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}
if as_runner ./config.sh --unattended --url "$url" --token "$token" --labels "$labels" --name "$name" --replace --ephemeral --disableupdate; then
  as_runner ./run.sh
fi
as_root poweroff`;

const runnerSoftware: InitialFiles = {
  [`${runnerFolder}/config.sh`]: inFolder("config"),
  [`${runnerFolder}/run.sh`]: inFolder("run"),
  [`${runnerFolder}/run-once.sh`]: program(runOnce),
  [`${runnerFolder}/bin/Runner.Listener`]: program(`shift; actions-runner-listen ${runnerFolder} "$@"`),
};
