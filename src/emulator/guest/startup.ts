import type { System } from "./system.ts";

const temporary = "/etc/tmpfiles.d/dispatcher.conf";
const watcher = "dispatcher-arm.path";

/** What systemd does by itself at a boot, where the image has something for it: folders in /run, and the enabled unit. */
export async function startUp(system: System): Promise<void> {
  const { files, services } = system;
  if (await files.exists(temporary)) {
    for (const line of (await files.readFile(temporary)).split("\n")) {
      const [type = "", path = "", mode = ""] = line.split(/\s+/);
      if (/^d!?$/.test(type)) await files.mkdir(path, { recursive: true });
      else if (/^f!?$/.test(type)) await files.writeFile(path, "");
      else continue;
      await files.chmod(path, Number.parseInt(mode, 8));
    }
  }
  if (await services.exists(watcher)) await services.start(watcher, true);
}
