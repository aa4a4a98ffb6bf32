import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { InitialFiles } from "just-bash";

const folder = fileURLToPath(new URL("../../../templates/image/", import.meta.url));

const places: Readonly<Record<string, { readonly path: string; readonly mode: number }>> = {
  "run-once": { path: "/opt/dispatcher/run-once", mode: 0o755 },
  "job-started.sh": { path: "/opt/dispatcher/job-started.sh", mode: 0o755 },
  "job-completed.sh": { path: "/opt/dispatcher/job-completed.sh", mode: 0o755 },
  "dispatcher-runner.service": { path: "/etc/systemd/system/dispatcher-runner.service", mode: 0o644 },
  "dispatcher-arm.path": { path: "/etc/systemd/system/dispatcher-arm.path", mode: 0o644 },
  "tmpfiles.conf": { path: "/etc/tmpfiles.d/dispatcher.conf", mode: 0o644 },
};

let files: InitialFiles | null = null;

/** What install.sh puts into an image, read where the product itself has it. */
export function ownFiles(): InitialFiles {
  files ??= Object.fromEntries(
    Object.entries(places).map(([name, { path, mode }]) => [
      path,
      { content: readFileSync(folder + name, "utf8"), mode },
    ]),
  );
  return files;
}
