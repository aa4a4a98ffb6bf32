import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cache, command, has, type Outcome } from "./command.ts";

/** What is built from the Go module proxy. The plugin's version is the one that packer/ asks for. */
const packerModule = "github.com/hashicorp/packer";
const packerVersion = "v1.11.2";
const pluginModule = "github.com/hashicorp/packer-plugin-proxmox";
const pluginVersion = "v1.2.3";

export interface Packer {
  readonly run: (args: readonly string[], input?: string) => Outcome;
  /** What was built, and why it is not all that was wanted, for whoever reads the output. */
  readonly about: string;
}

/** Packer with its Proxmox plugin, built once and kept; or why there is none. */
export function buildPacker(): Packer | { readonly missing: string } {
  if (!has("go")) return { missing: "go is not installed here" };
  const folder = join(cache, `packer-${packerVersion}-${command("go", ["env", "GOVERSION"]).text.trim()}`);
  const program = join(folder, "packer");
  mkdirSync(folder, { recursive: true });
  const source = sourceOf(packerModule, packerVersion);
  if ("missing" in source) return source;
  const built = goBuild(source.path, program);
  if (built !== null) return { missing: built };

  const home = join(folder, "home");
  const plugin = pluginIn(folder, source.path);
  if ("missing" in plugin) return plugin;
  const run = (args: readonly string[], input?: string): Outcome =>
    command(program, args, {
      // Nothing is looked for or reported elsewhere.
      env: { PACKER_CONFIG_DIR: home, PACKER_PLUGIN_PATH: join(home, plugin.kind), CHECKPOINT_DISABLE: "1" },
      ...(input === undefined ? {} : { input }),
    });
  rmSync(join(home, plugin.kind), { recursive: true, force: true });
  const installed = run(["plugins", "install", "--path", plugin.path, "github.com/hashicorp/proxmox"]);
  if (installed.code !== 0) return { missing: `the plugin cannot be installed: ${installed.text}` };
  return { run, about: `Packer ${packerVersion}, ${plugin.about}` };
}

type Found = { readonly path: string } | { readonly missing: string };
type Plugin =
  | { readonly kind: "genuine" | "stand-in"; readonly path: string; readonly about: string }
  | { readonly missing: string };

function pluginIn(folder: string, packerSource: string): Plugin {
  const source = sourceOf(pluginModule, pluginVersion);
  if ("path" in source) {
    const path = join(folder, "packer-plugin-proxmox");
    const built = goBuild(source.path, path);
    return built === null
      ? { kind: "genuine", path, about: `the Proxmox plugin ${pluginVersion}` }
      : { missing: built };
  }
  const made = buildStandIn(folder, packerSource);
  if ("missing" in made) return made;
  const about = `a stand-in for the Proxmox plugin, which knows the options of its documentation, as the genuine one cannot be had: ${source.missing}`;
  return { kind: "stand-in", path: made.path, about };
}

/** A module's source, as the proxy gives it and the checksum database vouches for it. */
function sourceOf(module: string, version: string): Found {
  const { text } = command("go", ["mod", "download", "-json", `${module}@${version}`], { cwd: "/", minutes: 10 });
  try {
    const { Dir, Error: why } = JSON.parse(text) as { readonly Dir?: string; readonly Error?: string };
    return Dir === undefined ? { missing: `${module}@${version}: ${why}` } : { path: Dir };
  } catch {
    return { missing: `${module}@${version}: ${text.trim()}` };
  }
}

/** Null when it stands there. */
function goBuild(source: string, program: string): string | null {
  if (existsSync(program)) return null;
  const { code, text } = command("go", ["build", "-o", `${program}.new`, "."], { cwd: source, minutes: 30 });
  if (code !== 0) return `${source} cannot be built: ${text.trim()}`;
  renameSync(`${program}.new`, program);
  return null;
}

/** With the module versions, and their checksums, of Packer itself. */
function buildStandIn(folder: string, packerSource: string): Found {
  const ours = join(import.meta.dirname, "stand-in");
  const source = join(folder, "stand-in");
  const program = join(source, "packer-plugin-proxmox");
  const same = ["main.go", "options.json"].every((name) => {
    const kept = join(source, name);
    return existsSync(kept) && readFileSync(kept, "utf8") === readFileSync(join(ours, name), "utf8");
  });
  if (!same) {
    rmSync(source, { recursive: true, force: true });
    cpSync(ours, source, { recursive: true });
    const modules = readFileSync(join(packerSource, "go.mod"), "utf8");
    writeFileSync(join(source, "go.mod"), modules.replace(/^module .*$/m, "module stand-in"));
    writeFileSync(join(source, "go.sum"), readFileSync(join(packerSource, "go.sum")));
  }
  const built = goBuild(source, program);
  return built === null ? { path: program } : { missing: built };
}
