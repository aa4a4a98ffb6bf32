import { DispatcherError, hasCode } from "../domain/errors.ts";
import type { NodeName, Vmid } from "../domain/ids.ts";
import { nextStep } from "../domain/images/build-step.ts";
import { generationsOf, nextGeneration, promotionTime } from "../domain/images/families.ts";
import { type TemplateMarker, withTemplateMarker } from "../domain/images/template-marker.ts";
import { SECOND } from "../domain/time.ts";
import { claim } from "./claim.ts";
import { clear } from "./clear.ts";
import { type BuildOrder, sourceOfOrder } from "./order.ts";
import { readShelf } from "./shelf.ts";
import { look, prove, type Site } from "./site-of-build.ts";
import { performers, type Work } from "./steps.ts";
import type { Tell, Workshop } from "./workshop.ts";

export interface Built {
  readonly vmid: Vmid;
  readonly node: NodeName;
  readonly marker: TemplateMarker;
}

/** A build that nobody can go on with: it is removed, and another begins. */
class Spoiled extends Error {}

const mostBeginnings = 3;

/** Builds a template, or goes on with a build that an earlier process left. Whatever it began and cannot end is removed. */
export async function build(shop: Workshop, order: BuildOrder, tell: Tell, signal: AbortSignal): Promise<Built> {
  for (let beginning = 1; ; beginning++) {
    signal.throwIfAborted();
    const claimed = await claim(shop, order, signal);
    const work: Work = { shop, order, tell, site: claimed.site };
    try {
      if (claimed.kind === "new") tell("claim", `guest ${claimed.site.vmid} on node ${order.node}`);
      else {
        const { marker, site } = claimed;
        tell("claim", `an earlier build stands at "${marker.phase}" in guest ${site.vmid} on node ${site.node}`);
        if (marker.inputs !== order.inputs) throw new Spoiled("it is of other inputs");
        if (site.node !== order.node) throw new Spoiled("it is on another node");
      }
      return await carryOn(work, signal);
    } catch (error) {
      const spoiled = error instanceof Spoiled;
      if (spoiled) tell("clear", `${error.message}: it is removed, and the build begins anew`);
      if (hasCode(error, "not_ours") || (!spoiled && order.keep)) throw error;
      await removeAll(work, error, tell);
      if (!spoiled || beginning >= mostBeginnings) throw error;
    }
  }
}

/** Also after a wish to stop: its signal is over, so the removal has one of its own. */
async function removeAll(work: Work, cause: unknown, tell: Tell): Promise<void> {
  if (!(cause instanceof Spoiled)) tell("clear", "removing what was begun");
  const { site, shop } = work;
  const until = shop.clock.now() + removal;
  await clear({ ...work, site: { ...site, until: Math.max(site.until, until) } }, new AbortController().signal);
}

const removal = 600 * SECOND;
/** In a row, five seconds apart. */
const mostTroubles = 12;

/** Looks, takes the one next step, and looks again, until the template stands. */
async function carryOn(work: Work, signal: AbortSignal): Promise<Built> {
  const { shop, site, order } = work;
  let troubles = 0;
  for (;;) {
    signal.throwIfAborted();
    try {
      const step = nextStep(await look(shop, site, order, signal), order.diskGiB);
      if (step.do === "start over") throw new Spoiled(step.why);
      if (step.do === "finish") return await finish(work, signal);
      if (step.do === "wait") await shop.clock.sleep(2 * SECOND, signal);
      else await performers[step.do](work, signal);
      troubles = 0;
    } catch (error) {
      // Nothing is sent again: after a lost answer or another's change the next look tells what stands there.
      if (!hasCode(error, "lost_answer", "conflict", "locked", "unavailable") || ++troubles > mostTroubles) throw error;
      await shop.clock.sleep(5 * SECOND, signal);
    }
    if (shop.clock.now() > site.until) {
      throw new DispatcherError("timeout", `build of ${order.family}: it was not done in time`, {
        remedy: "give it longer (--timeout)",
      });
    }
  }
}

/** The write that makes it a template of ours: generation, provenance and, where it is due, promotion at once. */
async function finish({ shop, site, order, tell }: Work, signal: AbortSignal): Promise<Built> {
  const { client, clock, signer } = shop;
  const { config } = await prove(shop, site, signal);
  const { templates } = await readShelf(shop, signal);
  const here = generationsOf(templates, order.family, site.node);
  const first = here.length === 0;
  const marker: TemplateMarker = {
    instance: shop.instance,
    family: order.family,
    generation: nextGeneration(templates, order.family),
    built: clock.now(),
    source: sourceOfOrder(order),
    runnerVersion: order.runner.version,
    system: "linux",
    promoted: first || order.promote ? promotionTime(here, clock.now()) : null,
  };
  const description = withTemplateMarker("", marker, site.vmid, signer);
  const name = `${order.family}-g${marker.generation}`;
  try {
    // Its answer is waited for whatever is wished meanwhile: with it the build is over, without it nothing has happened.
    const anyway = new AbortController().signal;
    await client.putConfig(site.node, site.vmid, { set: { name, description }, digest: config.digest }, anyway);
  } catch (error) {
    if (!hasCode(error, "lost_answer")) throw error;
    const { values } = await client.config(site.node, site.vmid, signal);
    if (values.description !== description) throw error;
  }
  tell("template", told(site, marker, first));
  return { vmid: site.vmid, node: site.node, marker };
}

function told({ vmid, node }: Site, { family, generation, promoted }: TemplateMarker, first: boolean): string {
  const what = `${family} generation ${generation} is template ${vmid} on node ${node}`;
  if (promoted === null) return `${what}; not promoted: dispatcher template promote ${family}`;
  return first ? `${what}; promoted, as it is the first of its family there` : `${what}; promoted`;
}
