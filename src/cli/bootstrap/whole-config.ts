import { fileURLToPath } from "node:url";
import type { Config } from "../../config/config.ts";
import type { Files } from "../../config/files.ts";
import { loadConfig } from "../../config/load.ts";

export type WholeConfig =
  | { readonly ok: true; readonly value: Config }
  | { readonly ok: false; readonly problems: readonly string[] };

/** The daemon's configuration, as it will read it, except that its token may not be made yet. */
export function wholeConfig(env: Readonly<Record<string, string | undefined>>, files: Files, cwd: string): WholeConfig {
  const hasSecret = ["PROXMOX_TOKEN_SECRET", "PROXMOX_TOKEN_SECRET_FILE"].some((name) => env[name]?.trim());
  const loaded = loadConfig({
    env: hasSecret ? env : { ...env, PROXMOX_TOKEN_SECRET: "not-made-yet" },
    files,
    cwd,
    builtinTemplate: fileURLToPath(new URL("../../../templates/runner.yaml.ejs", import.meta.url)),
  });
  return loaded.ok ? { ok: true, value: loaded.config } : loaded;
}
