import { DispatcherError } from "../../domain/errors.ts";
import { asVmid } from "../../domain/ids.ts";
import { isFamilyName } from "../../domain/images/template-marker.ts";
import { inRange, spellRange } from "../../domain/vmids.ts";
import { adopt, sight } from "../../images/adopt.ts";
import { examine } from "../../images/examine.ts";
import type { ExitCode, Io } from "../io.ts";
import { agrees } from "./ask.ts";
import type { Connected } from "./connect.ts";

export interface AdoptOptions {
  readonly family?: string;
  readonly anyway?: true;
  readonly runnerVersion?: string;
  readonly promote?: true;
  readonly yes?: true;
  readonly json?: true;
}

/** Says all that is missing; takes the guest where nothing is. 1 when it lacks something that it needs. */
export async function adoptTemplate(
  io: Io,
  { shop, config }: Connected,
  text: string,
  { family, anyway, runnerVersion, promote, yes, json }: AdoptOptions,
): Promise<ExitCode> {
  const vmid = asVmid(/^[1-9]\d{2,8}$/.test(text) ? Number(text) : 0);
  const pool = config.pools.find(({ guest }) => inRange(vmid, guest.range));
  if (vmid === 0) throw new DispatcherError("invalid", `guest ${JSON.stringify(text)}: that is no VMID`);
  if (pool !== undefined) {
    const what = `guest ${vmid}: the VMIDs ${spellRange(pool.guest.range)} are of pool ${pool.name}`;
    throw new DispatcherError("not_ours", what, { remedy: "clone it to a VMID outside of every pool's range" });
  }
  if (family !== undefined && !isFamilyName(family)) {
    throw new DispatcherError("invalid", `family ${JSON.stringify(family)}: use lower-case letters, digits and -`);
  }
  const seen = await sight(shop, vmid, io.stop);
  const lacks = examine(seen.candidate);
  const version = runnerVersion ?? seen.runnerVersion;
  if (json === true) io.out(`${JSON.stringify({ vmid, node: seen.node, runnerVersion: version, lacks })}\n`);
  else {
    for (const { level, what, remedy } of lacks) io.out(`${level.padEnd(8)} ${what}: ${remedy}\n`);
    if (lacks.length === 0) io.out(`guest ${vmid} has all that a template needs\n`);
  }
  const lacking = lacks.some(({ level }) => level === "needed");
  if (family === undefined) return lacking ? 1 : 0;
  if (lacking || (lacks.length > 0 && anyway !== true)) {
    const way = lacking ? "mend what is needed" : "mend what is advised, or give --anyway";
    io.err(`guest ${vmid} is not taken: ${way}\n`);
    return 1;
  }
  const { template } = seen.candidate;
  if (!template && !(await agrees(io, `make a template of guest ${vmid}? It cannot be undone.`, yes === true)))
    return 1;
  const marker = await adopt(shop, seen, { family, runnerVersion: version, promote: promote === true }, io.stop);
  const { generation, promoted } = marker;
  if (json === true) io.out(`${JSON.stringify({ family, generation, vmid, promoted: promoted !== null })}\n`);
  else io.out(`template ${vmid} is ${family} generation ${generation}${promoted === null ? "" : ", promoted"}\n`);
  return 0;
}
