import { createHash } from "node:crypto";
import { stringify } from "yaml";

export interface Runner {
  readonly version: string;
  /** Of the archive for x64, in hex. */
  readonly sha256: string;
}

/** How a plain cloud image becomes an image of ours. */
export interface Recipe {
  readonly family: string;
  /** Of the folder templates/image, by name. */
  readonly files: ReadonlyMap<string, string>;
  readonly runner: Runner;
  readonly packages: readonly string[];
  readonly docker: boolean;
  /** The unprivileged user that runners work as. */
  readonly runnerUser: string;
  /** What the guest reaches the internet through while it is built. */
  readonly proxy: string | null;
}

/** In memory: nothing of it is left in the image. */
const folder = "/run/dispatcher-image";
/** What the guest tells of its build: `installing`, `done`, or `failed: <why>`. */
export const buildState = "/run/dispatcher/build";
export const buildLog = "/run/dispatcher/build.log";
export const imageFacts = "/etc/dispatcher/image.json";

/** User-data that lays down the folder, installs and cleans, and waits to be turned off. */
export function buildUserData(recipe: Recipe): string {
  const files = [...recipe.files].sort(([a], [b]) => (a < b ? -1 : 1));
  const config = {
    hostname: "image",
    write_files: [
      ...files.map(([name, text]) => file(name, text)),
      file("settings", settingsOf(recipe)),
      file("build", script),
    ],
    runcmd: [["bash", `${folder}/build`]],
  };
  return `#cloud-config\n${stringify(config, { lineWidth: 0 })}`;
}

/** Equal for builds that would give the same image of the same source. */
export const digestOfInputs = (recipe: Recipe, checksum: string, more: string): string =>
  createHash("sha256")
    .update(`${buildUserData(recipe)}\n${checksum}\n${more}`)
    .digest("hex")
    .slice(0, 32);

const file = (name: string, text: string) => ({
  path: `${folder}/${name}`,
  permissions: "0755",
  encoding: "b64",
  content: Buffer.from(text).toString("base64"),
});

function settingsOf({ family, runner, packages, docker, runnerUser, proxy }: Recipe): string {
  const settings: Readonly<Record<string, string>> = {
    IMAGE_NAME: family,
    RUNNER_VERSION: runner.version,
    RUNNER_SHA256: runner.sha256,
    RUNNER_ARCH: "x64",
    RUNNER_USER: runnerUser,
    EXTRA_PACKAGES: packages.join(" "),
    WITH_DOCKER: docker ? "yes" : "no",
    ...(proxy === null ? {} : { http_proxy: proxy, https_proxy: proxy }),
  };
  return Object.entries(settings)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`)
    .join("");
}

const script = `#!/bin/bash
# Makes an image of this machine. Whoever builds it reads the state through the guest agent and turns the machine off.
set -u
state=${buildState}
log=${buildLog}
mkdir -p /run/dispatcher
chmod 0700 /run/dispatcher

say() {
  echo "$1" >"$state.new"
  mv -f "$state.new" "$state"
  echo "dispatcher: $1" >/dev/console
}

end() {
  say "$1"
  # Nobody came: what stays on would cost money, and is built again.
  sleep 600
  systemctl poweroff
  exit 0
}

. ${folder}/settings
export DEBIAN_FRONTEND=noninteractive
{
  cloud_apt() { apt-get -q -y -o DPkg::Lock::Timeout=300 "$@"; }
  cloud_apt update && cloud_apt install --no-install-recommends qemu-guest-agent
} >"$log" 2>&1 || end "failed: no guest agent could be installed: $(tail -n 1 "$log")"
systemctl start qemu-guest-agent >>"$log" 2>&1
say installing
bash ${folder}/install.sh >>"$log" 2>&1 || end "failed: install.sh: $(tail -n 1 "$log")"
say cleaning
bash ${folder}/clean.sh >>"$log" 2>&1 || end "failed: clean.sh: $(tail -n 1 "$log")"
rm -rf ${folder}
sync
end done
`;
