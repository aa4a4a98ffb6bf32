import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { DispatcherError } from "../../domain/errors.ts";
import type { QemuImage } from "./spec.ts";

const templates = join(import.meta.dirname, "../../../templates");
const build = join(templates, "real-guests/build-image");

export interface BaseImageOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly tell: (text: string) => void;
}

/**
 * The Debian that real guests boot, made an image by templates/image. It is built once for all that goes into it, and
 * kept in the user's cache folder.
 */
export async function baseImage({ env, tell }: BaseImageOptions): Promise<QemuImage> {
  refuseMissingTools(env.PATH ?? "");
  const cache = join(env.XDG_CACHE_HOME ?? join(env.HOME ?? homedir(), ".cache"), "dispatcher", "real-guests");
  const folder = join(cache, inputs());
  const image = { disk: join(folder, "disk.raw"), kernel: join(folder, "kernel"), initrd: join(folder, "initrd") };
  if (existsSync(folder)) return image;
  tell("building a Debian 13 for real guests: a minute, once");
  const making = `${folder}.${process.pid}`;
  mkdirSync(making, { recursive: true });
  try {
    await run([build, join(templates, "image"), making], env);
    // Somebody else may have built the same meanwhile.
    if (!existsSync(folder)) renameSync(making, folder);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  for (const other of readdirSync(cache)) {
    // What an earlier image was made from has changed; what somebody builds at this moment is young.
    const path = join(cache, other);
    if (path !== folder && Date.now() - statSync(path).mtimeMs > 3_600_000) rmSync(path, { recursive: true });
  }
  return image;
}

const needed = {
  "qemu-system-x86_64": "qemu-system-x86",
  "qemu-img": "qemu-utils",
  mmdebstrap: "mmdebstrap",
  genisoimage: "genisoimage",
  mke2fs: "e2fsprogs",
  setpriv: "util-linux",
} as const;

type Tool = keyof typeof needed;

/** What real guests need and this machine lacks. */
export function missingTools(path: string): readonly Tool[] {
  const folders = [...path.split(delimiter), "/usr/sbin", "/sbin"];
  const isThere = (tool: Tool): boolean => folders.some((folder) => existsSync(join(folder, tool)));
  return (Object.keys(needed) as Tool[]).filter((tool) => !isThere(tool));
}

function refuseMissingTools(path: string): void {
  const missing = missingTools(path);
  if (missing.length === 0) return;
  throw new DispatcherError("invalid", `real guests: there is no ${missing.join(", ")} here`, {
    remedy: `apt install ${missing.map((tool) => needed[tool]).join(" ")}`,
  });
}

/** The same for the same files. */
function inputs(): string {
  const hash = createHash("sha256");
  for (const root of ["image", "real-guests"]) {
    for (const file of readdirSync(join(templates, root), { recursive: true, encoding: "utf8" }).sort()) {
      const path = join(templates, root, file);
      if (statSync(path).isFile()) hash.update(`${root}/${file}\0`).update(readFileSync(path)).update("\0");
    }
  }
  return hash.digest("hex").slice(0, 16);
}

function run([program, ...args]: [string, ...string[]], env: BaseImageOptions["env"]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    const hear = (text: Buffer): void => {
      said = (said + text.toString()).slice(-2_000);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve();
      else
        reject(new DispatcherError("task_failed", `image for real guests: its building ended with ${code}:\n${said}`));
    });
  });
}
