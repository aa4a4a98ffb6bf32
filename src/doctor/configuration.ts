import type { Loaded } from "../config/config.ts";
import { blocks, type Finding, good, warns } from "./finding.ts";

/** What the loader said: problems keep dispatcher from starting, warnings do not. */
export function checkConfiguration(loaded: Loaded, source: string): readonly Finding[] {
  if (!loaded.ok) {
    const why = "dispatcher does not start with it";
    const remedy = `mend it in ${source}, as the line says, and call doctor again`;
    return loaded.problems.map((problem) => blocks("configuration", problem, why, remedy));
  }
  const { pools } = loaded.config;
  const names = pools.map((pool) => pool.name).join(", ");
  const told = loaded.warnings
    // How the certificate is trusted has a finding of its own.
    .filter((warning) => !warning.startsWith("PROXMOX_VERIFY_SSL"))
    .map((warning) => {
      const why = "dispatcher starts with it, but it is seldom meant";
      return warns("configuration", warning, why, `change it in ${source}`);
    });
  return told.length > 0 ? told : [good("configuration", `read from ${source}: pools ${names}`)];
}
