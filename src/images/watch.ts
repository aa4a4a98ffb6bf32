import { DispatcherError, hasCode } from "../domain/errors.ts";
import { SECOND } from "../domain/time.ts";
import { buildLog, buildState, imageFacts } from "./recipe.ts";
import { note, prove } from "./site-of-build.ts";
import type { Work } from "./steps.ts";

/** A silent agent holds one of the daemon's workers for three seconds. */
const betweenLooks = 10 * SECOND;

/** Until the guest says that it is an image. It says so only while it runs: one that is off has said nothing. */
export async function watch(work: Work, signal: AbortSignal): Promise<void> {
  const { shop, site, order, tell } = work;
  let before = "";
  for (;;) {
    await mayGoOn(work);
    await prove(shop, site, signal);
    const { status } = await shop.client.status(site.node, site.vmid, signal);
    if (status === "stopped") {
      throw new DispatcherError(
        "task_failed",
        `customise guest ${site.vmid}: it went off (last seen: ${before || "no sign"})`,
      );
    }
    const state = (await readText(work, buildState, signal)) ?? "";
    if (state !== "" && state !== before) tell("customise", state);
    before = state || before;
    if (state.startsWith("failed")) {
      const log = ((await readText(work, buildLog, signal)) ?? "").split("\n").slice(-linesShown);
      throw new DispatcherError("task_failed", `customise guest ${site.vmid}: ${state}`, { log });
    }
    if (state === "done") break;
    await shop.clock.sleep(betweenLooks, signal);
  }
  const version = versionIn((await readText(work, imageFacts, signal)) ?? "");
  if (version !== order.runner.version) {
    const found = version ?? "nothing that can be read";
    throw new DispatcherError(
      "task_failed",
      `customise guest ${site.vmid}: ${imageFacts} names as its runner ${found}`,
    );
  }
  await note(shop, site, "customised", {}, signal);
}

const linesShown = 20;

async function mayGoOn({ shop, site, order }: Work): Promise<void> {
  if (shop.clock.now() < site.until) return;
  throw new DispatcherError("timeout", `build of ${order.family}: it was not done in time`, {
    remedy: "give it longer (--timeout), or look at it with --keep",
  });
}

/** Null while the agent does not answer, and where there is no such file. */
async function readText({ shop, site }: Work, file: string, signal: AbortSignal): Promise<string | null> {
  try {
    const { bytes } = await shop.client.readGuestFile(site.node, site.vmid, file, signal);
    return new TextDecoder().decode(bytes).trim();
  } catch (error) {
    if (hasCode(error, "unavailable", "timeout", "invalid", "conflict")) return null;
    throw error;
  }
}

export function versionIn(facts: string): string | null {
  try {
    const read = JSON.parse(facts) as { readonly runner?: { readonly version?: unknown } } | null;
    return typeof read?.runner?.version === "string" ? read.runner.version : null;
  } catch {
    return null;
  }
}
