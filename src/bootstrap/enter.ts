import type { NodeName, Vmid } from "../domain/ids.ts";
import type { Secret } from "../domain/secret.ts";
import { openConsoleShell } from "./console-shell.ts";
import type { Shell } from "./shell.ts";
import type { Tools } from "./tools.ts";

/** Through the API alone. A password of null: the console asks for none. */
export async function enterByConsole(
  { client, clock, openConsole, random }: Tools,
  guest: { readonly node: NodeName; readonly vmid: Vmid },
  password: Secret | null,
  signal: AbortSignal,
): Promise<Shell> {
  const console = { ...guest, type: "lxc" as const };
  const ticket = await client.termproxy(console, signal);
  const opened = await openConsole(console, ticket, signal);
  opened.resize(200, 50);
  return openConsoleShell({ clock, console: opened, password, nonce: random() }, signal);
}
