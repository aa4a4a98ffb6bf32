import { existsSync, readFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { systemClock } from "../app/system.ts";
import { type Admin, readAdmin } from "../config/admin.ts";
import { Secret } from "../domain/secret.ts";
import { createHttp, type Fetch, type PveHttp } from "../proxmox/http.ts";
import { fetchWithTicket, generationOf } from "../proxmox/setup/access.ts";
import { commandOf, removalOf } from "../proxmox/setup/commands.ts";
import { piecesOf, type SetupOptions } from "../proxmox/setup/pieces.ts";
import type { Generation } from "../proxmox/setup/roles.ts";
import { removalOrder, setUp, takeDown } from "../proxmox/setup/setup.ts";
import { createFetch } from "../proxmox/tls.ts";
import { type AccessOptions, extrasOf, withAccessOptions } from "./access-options.ts";
import type { Ends } from "./cli.ts";
import type { ExitCode, Io } from "./io.ts";

interface Options extends AccessOptions {
  readonly template: readonly string[];
  readonly storage: readonly string[];
  readonly node: readonly string[];
  readonly bridge: readonly string[];
  readonly generation?: "8" | "9";
  readonly privsep?: true;
  readonly withAgentDelivery?: true;
  readonly print?: true;
  readonly remove?: true;
}

export const proxmoxSetupCommand = (io: Io, ends: Ends): Command =>
  withAccessOptions(
    new Command("proxmox-setup")
      .description(
        "Makes on PVE what dispatcher's token needs: resource pool, seeds storage, roles, user, grants, token. With an " +
          "administrator's PROXMOX_ADMIN_TOKEN_ID and PROXMOX_ADMIN_TOKEN_SECRET, or PROXMOX_ADMIN_USER and " +
          "PROXMOX_ADMIN_PASSWORD, it does so through the API at PROXMOX_URL; otherwise it prints the commands for root.",
      )
      .option("--template <vmid...>", "templates that guests are cloned from", named(/^\d+$/, "VMID"), [])
      .option("--storage <name...>", "where the templates' disks lie", named(/^[\w.-]+$/, "storage name"), [])
      .option("--node <name...>", "where guests run", named(/^[\w-]+$/, "node name"), [])
      .option(
        "--bridge <name...>",
        "the guests' networks (vmbr0); vmbr0/20 with a VLAN tag",
        named(/^\w+(\/\d+)?$/, "bridge"),
        [],
      ),
  )
    .option("--privsep", "grant to the token itself as well, and separate its privileges from the user's")
    .option("--with-agent-delivery", "for DELIVERY=agent: the same, and for writing the secret into the guests")
    .option("--print", "print the commands, change nothing")
    .addOption(new Option("--generation <major>", "PVE's, where the commands are printed").choices(["8", "9"]))
    .option("--remove", "take away what this command made")
    .action((options: Options) => ends(setup(io, options)));

async function setup(io: Io, options: Options): Promise<ExitCode> {
  const files = { read: (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : null) };
  const admin = readAdmin({ env: io.env, files, cwd: io.cwd });
  if (!admin.ok) {
    io.err(`the administrator's login cannot be used:\n${admin.problems.map((p) => `  - ${p}\n`).join("")}`);
    return 1;
  }
  if (!complete(io, options)) return 2;
  if (admin.value === null || options.print === true) return print(io, options);
  const wire = createFetch(admin.value.trust);
  try {
    await perform(io, options, await connect(admin.value, wire.fetch, io.stop));
    return 0;
  } finally {
    await wire.close();
  }
}

function complete(io: Io, options: Options): boolean {
  const empty = (["template", "storage", "node", "bridge"] as const).filter((name) => options[name].length === 0);
  if (empty.length > 0) io.err(`missing: ${empty.map((name) => `--${name}`).join(", ")}; name at least one of each\n`);
  return empty.length === 0;
}

function print(io: Io, options: Options): ExitCode {
  if (options.generation === undefined && options.withAgent === true) {
    io.err("--with-agent: PVE 8 and 9 name this privilege differently; give --generation 8 or 9\n");
    return 2;
  }
  // Apart from the guest agent's, both generations have the same privileges.
  const pieces = piecesOf(settingsOf(options, options.generation === "8" ? 8 : 9));
  const lines = options.remove === true ? removalOrder(pieces).map(removalOf) : pieces.map(commandOf);
  io.out(`${lines.join("\n")}\n`);
  return 0;
}

async function perform(io: Io, options: Options, http: PveHttp): Promise<void> {
  const generation = await generationOf(http, io.stop);
  const pieces = piecesOf(settingsOf(options, generation));
  const tell = (line: string): void => io.out(`${line}\n`);
  if (options.remove === true) return takeDown(http, pieces, tell, io.stop);
  const { user, token, pool, seeds } = options;
  let secretLine = "# PROXMOX_TOKEN_SECRET: the token was there already, and PVE shows its secret only once";
  const onSecret = (secret: Secret): void => {
    secretLine = `PROXMOX_TOKEN_SECRET=${secret.reveal()}`;
  };
  try {
    await setUp(http, pieces, { tell, onSecret }, io.stop);
  } finally {
    // Also after a failure further on: the secret cannot be had again.
    const lines = [
      `PROXMOX_TOKEN_ID=${user}!${token}`,
      secretLine,
      `RESOURCE_POOL=${pool}`,
      `PROXMOX_STORAGE=${seeds}`,
    ];
    io.out(`\nfor dispatcher.env:\n${lines.join("\n")}\n`);
  }
}

const settingsOf = (options: Options, generation: Generation): SetupOptions => ({
  ...options,
  generation,
  templates: options.template,
  storages: options.storage,
  nodes: options.node,
  bridges: options.bridge,
  privsep: options.privsep === true,
  extras: extrasOf(options, options.withAgentDelivery === true),
});

async function connect({ url, login }: Admin, fetch: Fetch, signal: AbortSignal): Promise<PveHttp> {
  const common = { url, clock: systemClock };
  if (login.kind === "token") {
    return createHttp({ ...common, tokenId: login.id, tokenSecret: login.secret, fetch });
  }
  const { user, password } = login;
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(30_000)]);
  const withTicket = await fetchWithTicket(fetch, { url, user, password, signal: inTime });
  // The ticket takes this header's place on the way out.
  return createHttp({
    ...common,
    tokenId: `${user}!ticket`,
    tokenSecret: new Secret("a-ticket-in-place-of-a-token"),
    fetch: withTicket,
  });
}

function named(form: RegExp, what: string) {
  return (text: string, before: readonly string[]): readonly string[] => {
    if (!form.test(text)) throw new InvalidArgumentError(`${JSON.stringify(text)} is no ${what}.`);
    return [...before, text];
  };
}
