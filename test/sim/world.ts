import type { AuditEntry } from "../../src/emulator/audit.ts";
import { createGithub, type GithubEmulator } from "../../src/emulator/github/github.ts";
import type { RunnerService } from "../../src/emulator/github/runner-service.ts";
import { createGuests } from "../../src/emulator/guest/guests.ts";
import { images } from "../../src/emulator/guest/images.ts";
import type { Handler } from "../../src/emulator/handler.ts";
import type { Guest } from "../../src/emulator/pve/guest.ts";
import { createPve, type PveEmulator } from "../../src/emulator/pve/pve.ts";
import type { Order, Tasks } from "../../src/emulator/pve/tasks.ts";
import { type Fate, scriptedGuests } from "./guest.ts";
import { Random } from "./random.ts";
import { adminGithubToken, adminToken } from "./servers.ts";
import type { Setting } from "./setting.ts";
import type { VirtualTime } from "./time.ts";

export interface SimWorld {
  readonly pve: PveEmulator;
  readonly github: GithubEmulator;
  /** Calls PVE as an administrator does. The answer's `data`, or null where PVE refused. */
  asAdmin(method: string, path: string, form?: Readonly<Record<string, string | number>>): Promise<unknown>;
  /** Workers for whose order it says so end badly, before or after their work. Returns how to end it. */
  failTasks(judge: (order: Order) => "before" | "after" | null): () => void;
  /** The same at GitHub; its status. */
  asOwner(method: string, path: string): Promise<number>;
}

/** What the judge wants to hear from inside of the world. */
export interface Ears {
  audit(entry: AuditEntry): void;
  guestAppears(guest: Guest): void;
  guestGoes(guest: Guest): void;
  credentialUsed(credential: string): void;
  taskEnds(type: string, log: readonly string[]): void;
  guestNote(vmid: number, what: string): void;
  /** What now happens in this guest is its own doing. */
  guestOwns(vmid: number, why: string): void;
}

export function createSimWorld(setting: Setting, time: VirtualTime, ears: Ears, fate: () => Fate): SimWorld {
  const { seed } = setting;
  const github = createGithub({
    spec: structuredClone(setting.github),
    time,
    chance: new Random(seed, "github"),
    audit: (entry) => ears.audit(entry),
    baseUrl: () => "https://github.com",
  });
  const runners = heard(github.runners, ears);
  const boot = setting.realGuests
    ? // Put together into one file, the program does not know where the files of templates/image are.
      createGuests({
        runners,
        time,
        audit: (entry) => ears.audit(entry),
        images: { ...images, runner: images["runner-alone"] },
      })
    : scriptedGuests({
        runners,
        time,
        random: new Random(seed, "guests"),
        fate,
        note: (vmid, what) => ears.guestNote(vmid, what),
        owns: (vmid, why) => ears.guestOwns(vmid, why),
      });
  const pve = createPve({
    spec: structuredClone(setting.pve),
    time,
    chance: new Random(seed, "pve"),
    audit: (entry) => ears.audit(entry),
    boot,
  });
  watch(pve.state.guests, ears);
  const failing = new Set<(order: Order) => "before" | "after" | null>();
  supervise(pve.state.tasks, failing, ears);

  return {
    pve,
    github,
    failTasks(judge) {
      failing.add(judge);
      return () => void failing.delete(judge);
    },
    async asAdmin(method, path, form = {}) {
      const body = new URLSearchParams(
        Object.fromEntries(Object.entries(form).map(([name, value]) => [name, String(value)])),
      ).toString();
      const answer = await send(pve.handler, `https://pve.sim:8006/api2/json${path}`, method, {
        authorization: `PVEAPIToken=${adminToken.id}=${adminToken.secret}`,
        body,
      });
      return answer.status === 200 ? ((await answer.json()) as { data: unknown }).data : null;
    },
    async asOwner(method, path) {
      const authorization = `Bearer ${adminGithubToken}`;
      return (await send(github.handler, `https://api.github.com${path}`, method, { authorization, body: "" })).status;
    },
  };
}

function send(
  handler: Handler,
  url: string,
  method: string,
  { authorization, body }: { readonly authorization: string; readonly body: string },
): Promise<Response> {
  const form = body === "" ? {} : { "content-type": "application/x-www-form-urlencoded" };
  return handler(new Request(url, { method, headers: { authorization, ...form }, ...(body === "" ? {} : { body }) }));
}

/** Guests come and go in the emulator's own table: whoever watches that misses none, however short its life. */
function watch(guests: Map<number, Guest>, ears: Ears): void {
  const { set, delete: remove } = guests;
  guests.set = (vmid, guest) => {
    set.call(guests, vmid, guest);
    ears.guestAppears(guest);
    return guests;
  };
  guests.delete = (vmid) => {
    const guest = guests.get(vmid);
    if (guest !== undefined) ears.guestGoes(guest);
    return remove.call(guests, vmid);
  };
}

function supervise(tasks: Tasks, failing: ReadonlySet<(order: Order) => "before" | "after" | null>, ears: Ears): void {
  const begin = tasks.start.bind(tasks);
  tasks.start = (order, work) => {
    const [end = null] = [...failing].map((judge) => judge(order)).filter((answer) => answer !== null);
    const task = begin(order, async (job) => {
      if (end === "before") await job.pass(failsAfter);
      if (end !== "before") await work(job);
      if (end !== null) throw new Error(`${order.type} failed: unable to do it now`);
    });
    void task.ended.then(() => ears.taskEnds(order.type, task.log));
    return task;
  };
}

const failsAfter = 700;

function heard(runners: RunnerService, ears: Ears): RunnerService {
  return {
    register: (order) => runners.register(order),
    listen: (order) => {
      const { credential } = order;
      ears.credentialUsed(credential.kind === "jit" ? credential.config : credential.files[".credentials_rsaparams"]);
      return runners.listen(order);
    },
  };
}
