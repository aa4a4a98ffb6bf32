import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { run } from "./packages.ts";

const mirror = process.env.DEBIAN_MIRROR ?? "http://deb.debian.org/debian";
const packages = ["systemd", "nodejs", "ca-certificates"];

/** A bare Debian 13 with what our package depends on, unpacked into `folder`. Made once, then kept; root is needed. */
export function debianRoot(folder: string): void {
  const key = createHash("sha256").update(packages.join()).digest("hex").slice(0, 12);
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "dispatcher-tests");
  const archive = join(cache, `debian-13-${key}.tar`);
  if (!existsSync(archive)) {
    mkdirSync(cache, { recursive: true });
    // A name of its own until it is whole.
    const half = join(cache, `.${process.pid}.tar`);
    run("mmdebstrap", ["--quiet", "--variant=minbase", `--include=${packages.join(",")}`, "trixie", half, mirror]);
    renameSync(half, archive);
  }
  mkdirSync(folder, { recursive: true });
  run("tar", ["-xf", archive, "-C", folder, "--exclude=./dev/*"]);
}

/** Runs a command inside, in namespaces of its own: neither its processes nor its mounts outlive it. */
export function inside(folder: string, script: string): string {
  const mounts = 'mount -t proc proc "$0/proc" && mount -t tmpfs tmpfs "$0/run" && mount --rbind /dev "$0/dev"';
  const enter =
    'exec chroot "$0" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive sh -c "$1" 2>&1';
  return run("unshare", ["--mount", "--pid", "--fork", "sh", "-c", `${mounts} && ${enter}`, folder, script]);
}
