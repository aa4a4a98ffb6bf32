import { parse } from "yaml";
import { type Ms, SECOND } from "../domain/time.ts";
import { findSeed } from "./guest/seed.ts";
import type { Boot, GuestSystem, Machine } from "./machine.ts";
import type { WorldTime } from "./time.ts";

/** A distribution's cloud image, as it was imported: it has no runner yet, but does what a template's build tells it. */
export const cloudImage = "cloud";
/** What the disk of a customised machine holds. */
const customisedImage = "runner";

const durations = { agent: 20 * SECOND, work: 45 * SECOND } satisfies Record<string, Ms>;

/** Without these in its user-data no image comes of it. */
const needed = ["install.sh", "clean.sh", "run-once", "dispatcher-runner.service", "dispatcher-arm.path"];

const folder = "/run/dispatcher";
const state = `${folder}/build`;

/** Machines whose disk is a cloud image, customised by their seed; all others start as before. */
export function customising(boot: Boot, time: WorldTime): Boot {
  return (machine) => (machine.image === cloudImage ? customise(machine, time) : boot(machine));
}

function customise(machine: Machine, time: WorldTime): GuestSystem {
  const files = new Map<string, Uint8Array>();
  const write = (path: string, text: string): void => void files.set(path, new TextEncoder().encode(text));
  let answers = false;
  const later = (ms: Ms, work: () => void): void => {
    const callOff = time.after(ms, () => {
      machine.off.removeEventListener("abort", callOff);
      if (!machine.off.aborted) work();
    });
    machine.off.addEventListener("abort", callOff, { once: true });
  };

  const seed = findSeed(machine.media(), () => {});
  later(durations.agent, () => {
    // The guest agent is what the first lines of the build install.
    answers = seed !== null;
    if (seed !== null) write(state, "installing\n");
  });
  later(durations.agent + durations.work, () => {
    if (seed === null) return;
    const laidDown = filesIn(seed.userData);
    const missing = needed.filter((name) => ![...laidDown.keys()].some((path) => path.endsWith(`/${name}`)));
    if (missing.length > 0) {
      write(state, `failed: there is no ${missing.join(", ")}\n`);
      return;
    }
    const values = valuesIn([...laidDown.values()].join("\n"));
    const runner = { version: values.RUNNER_VERSION ?? "", sha256: values.RUNNER_SHA256 ?? "" };
    const builtAt = new Date(time.now()).toISOString();
    const facts = { name: values.IMAGE_NAME ?? "", builtAt, os: "Debian GNU/Linux 13 (trixie)", runner, packages: {} };
    write("/etc/dispatcher/image.json", `${JSON.stringify(facts)}\n`);
    machine.install?.(customisedImage);
    write(state, "done\n");
  });

  return {
    agentAnswers: () => answers && !machine.off.aborted,
    readFile: async (path) => files.get(path) ?? null,
    writeFile: async () => false,
  };
}

/** What `write_files` lays down: text by path. */
function filesIn(userData: string): ReadonlyMap<string, string> {
  const config: unknown = parse(userData);
  const listed = typeof config === "object" && config !== null && "write_files" in config ? config.write_files : [];
  const files = new Map<string, string>();
  for (const entry of Array.isArray(listed) ? listed : []) {
    const { path, content, encoding } = entry as Readonly<Record<string, string | undefined>>;
    const text = encoding === "b64" ? Buffer.from(content ?? "", "base64").toString() : (content ?? "");
    if (path !== undefined) files.set(path, text);
  }
  return files;
}

/** `export NAME='value'` and `NAME=value` lines. */
const valuesIn = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...text.matchAll(/^(?:export )?([A-Z_0-9]+)='?([^'\n]*)'?$/gm)].map(([, name = "", value = ""]) => [name, value]),
  );
