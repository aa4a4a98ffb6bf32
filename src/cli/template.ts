import { Command, Option } from "commander";
import { asNodeName } from "../domain/ids.ts";
import { promote, rollBack } from "../images/promote.ts";
import type { Ends } from "./cli.ts";
import type { Io } from "./io.ts";
import { type AdoptOptions, adoptTemplate } from "./template/adopt.ts";
import { type BuildOptions, buildTemplate } from "./template/build.ts";
import { connected } from "./template/connect.ts";
import { listTemplates } from "./template/list.ts";
import { tellPromotions } from "./template/promote.ts";
import { pruneTemplates } from "./template/prune.ts";

interface Common {
  readonly env?: string;
  readonly json?: true;
}

interface Where extends Common {
  readonly node?: string;
}

/** Templates: built, adopted, promoted, and removed when nobody needs them. PVE alone knows what there is. */
export function templateCommand(io: Io, ends: Ends): Command {
  const template = new Command("template").description(
    "Builds and looks after templates. A pool that names a family gets its promoted generation.",
  );
  const named = (command: Command): Command =>
    command.option("--env <file>", "environment file").option("--json", "for programs");
  const nodeOf = ({ node }: Where) => (node === undefined ? null : asNodeName(node));

  const building = template
    .command("build <family>")
    .description("From a cloud image, through the API alone: made, customised by one boot, and converted.")
    .option("--from <image>", "debian-13, debian-12, ubuntu-2404 or ubuntu-2204 (default: the family's name)")
    .option("--url <url>", "another image, which the node downloads")
    .addOption(new Option("--image <file>", "an image on this machine, which is uploaded").conflicts("url"))
    .option("--sha256 <digits>", "the image's checksum (also SHA-512, for --url)")
    .option("--node <name>", "where (default: the first pool's first node)")
    .option("--vmids <first-last>", "the templates' VMIDs (default: TEMPLATE_ID_START to TEMPLATE_ID_END)")
    .option("--storage <name>", "for its disk (default: TEMPLATE_STORAGE)")
    .option("--import-storage <name>", "for the image's file (default: TEMPLATE_IMPORT_STORAGE)")
    .option("--seed-storage <name>", "for its seed (default: where the first pool's seeds go)")
    .option("--resource-pool <name>", "PVE's resource pool (default: TEMPLATE_RESOURCE_POOL)")
    .option("--network <net0>", "PVE's network string, with DHCP and the internet (default: TEMPLATE_NETWORK)")
    .option("--cores <count>", "processors", "2")
    .option("--memory <MiB>", "memory", "4096")
    .option("--disk <GiB>", "its disk", "20")
    .option("--runner-version <version>", "the actions runner's (default: the newest)")
    .option("--runner-sha256 <digits>", "of its archive for linux-x64 (default: as GitHub publishes it)")
    .option("--runner-user <name>", "who the runner works as", "runner")
    .option("--package <name...>", "Debian packages beside those that every image has", [])
    .option("--no-docker", "leave Docker out")
    .option("--proxy <url>", "what the guest reaches the internet through while it is built")
    .option("--timeout <minutes>", "give up then", "90")
    .option("--promote", "promote it at once (the first of a family on a node always is)")
    .option("--keep", "leave what failed, to look at it")
    .action((family: string, options: BuildOptions & Common) =>
      ends(connected(io, options.env, (parts) => buildTemplate(io, parts, family, options))),
    );

  const adopting = template
    .command("adopt <vmid>")
    .description("Says what a guest of yours lacks as a template; with --family, takes it as a new generation.")
    .option("--family <name>", "take it, when nothing is missing")
    .option("--anyway", "also where something is advised that it lacks")
    .option("--runner-version <version>", "the actions runner that is installed on it")
    .option("--promote", "promote it at once (the first of a family on a node always is)")
    .option("--yes", "do not ask before a guest becomes a template")
    .action((vmid: string, options: AdoptOptions & Common) =>
      ends(connected(io, options.env, (parts) => adoptTemplate(io, parts, vmid, options))),
    );

  const listing = template
    .command("list")
    .description("Every template of ours, with its provenance.")
    .action((options: Common) =>
      ends(connected(io, options.env, (parts) => listTemplates(io, parts, options.json === true))),
    );

  const promoting = template
    .command("promote <family> [generation]")
    .description("New guests are cloned from this generation (default: the newest) from the next pass on.")
    .option("--node <name>", "on this node alone")
    .action((family: string, generation: string | undefined, options: Where) =>
      ends(
        connected(io, options.env, async ({ shop }) => {
          const which = {
            family,
            node: nodeOf(options),
            generation: generation === undefined ? null : Number(generation),
          };
          return tellPromotions(io, await promote(shop, which, io.stop), options.json === true);
        }),
      ),
    );

  const rolling = template
    .command("rollback <family>")
    .description("Promotes the generation that was promoted before; once more goes forward again.")
    .option("--node <name>", "on this node alone")
    .action((family: string, options: Where) =>
      ends(
        connected(io, options.env, async ({ shop }) =>
          tellPromotions(io, await rollBack(shop, { family, node: nodeOf(options) }, io.stop), options.json === true),
        ),
      ),
    );

  const pruning = template
    .command("prune [family]")
    .description("Removes generations that nobody uses and no rollback would promote; shows them and asks first.")
    .option("--yes", "do not ask")
    .action((family: string | undefined, options: Common & { readonly yes?: true }) =>
      ends(
        connected(io, options.env, (parts) =>
          pruneTemplates(io, parts, {
            family: family ?? null,
            yes: options.yes === true,
            json: options.json === true,
          }),
        ),
      ),
    );

  for (const command of [building, adopting, listing, promoting, rolling, pruning]) named(command);
  return template;
}
