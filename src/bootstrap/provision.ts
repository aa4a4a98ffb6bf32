import type { BootstrapWish } from "./bootstrap-wish.ts";
import { closeScript, healthScript, packagePath, packageScripts, startScript, systemScripts } from "./install.ts";
import { type InsideFile, run, type Script, type Shell, send } from "./shell.ts";
import type { Tools } from "./tools.ts";

/** Installs the daemon through an open shell: its secrets come last, and the door is shut behind it. */
export async function provision(
  { tell }: Pick<Tools, "tell">,
  shell: Shell,
  wish: BootstrapWish,
  files: readonly InsideFile[],
  signal: AbortSignal,
): Promise<void> {
  const perform = async (script: Script): Promise<void> => {
    await run(shell, script, signal);
    tell(`done        ${script.what}`);
  };
  for (const script of systemScripts(wish)) await perform(script);
  if (wish.package.from === "file") {
    const path = packagePath(wish);
    // The package manager reads it as somebody else.
    const file = { path, content: wish.package.bytes, mode: "644", owner: "root:root" };
    await send(shell, file, signal, progress(tell));
    tell("done        send the package");
  }
  for (const script of packageScripts(wish)) await perform(script);
  for (const file of files) await send(shell, file, signal);
  tell("done        send the configuration");
  await perform(startScript(wish));
  await perform(healthScript(wish));
  await perform(closeScript);
}

/** Every tenth of what is long enough to wait for. */
function progress(tell: (line: string) => void): (sent: number, total: number) => void {
  let told = 0;
  return (sent, total) => {
    const tenth = Math.floor((sent * 10) / total);
    if (tenth === told || tenth === 10 || total < 2 ** 20) return;
    told = tenth;
    tell(`            ${tenth * 10} % of ${(total / 1024 ** 2).toFixed(1)} MiB sent`);
  };
}
