import { createHash } from "node:crypto";
import type { GuestSystem } from "../../src/emulator/machine.ts";
import { digestOf } from "../../src/emulator/pve/guest.ts";
import { createPve, type PveEmulator } from "../../src/emulator/pve/pve.ts";
import type { PveSpec } from "../../src/emulator/pve/spec.ts";
import type { PveState } from "../../src/emulator/pve/state.ts";
import { ManualTime } from "../emulator/pve/lab.ts";
import { seededChance } from "../lab.ts";
import { type Answered, difference } from "./compare.ts";
import { recordedGuest } from "./recorded-guest.ts";
import { secret } from "./recorded-world.ts";
import { dataOf, methodOf, type Recording, targetOf, taskIn } from "./recording.ts";
import { ReplayTickets } from "./replay-tickets.ts";

export interface Outcome {
  readonly recording: Recording;
  readonly kind: "matched" | "differing" | "out of scope";
  readonly why: string;
}

/** Replays recordings, one file after the other, against one emulated PVE that lives on from file to file. */
export class Replay {
  readonly #time = new ManualTime();
  readonly #pve: PveEmulator;
  readonly #spec: PveSpec;
  /** The emulator's own UPID for each recorded one. */
  readonly #tasks = new Map<string, string>();
  /** The emulator's own digest for each recorded one. */
  readonly #digests = new Map<string, string>();
  /** The process that the guest started for each recorded one. */
  readonly #processes = new Map<string, string>();
  readonly #tickets = new ReplayTickets();
  #last: number | null = null;
  /** What the guest agent of the next call does: a guest's own behaviour is the recording's, not PVE's. */
  readonly #guest = { awake: true };

  constructor(spec: PveSpec) {
    this.#spec = spec;
    this.#pve = createPve({
      spec,
      time: this.#time,
      chance: seededChance(),
      audit: () => {},
      boot: (): GuestSystem => recordedGuest(this.#guest),
    });
  }

  /** What was done on the host between two files. */
  setUp(change: (state: PveState) => void): void {
    change(this.#pve.state);
  }

  async run(recordings: readonly Recording[]): Promise<readonly Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const [at, recording] of recordings.entries()) {
      outcomes.push(await this.#one(recording, recordings.slice(at + 1)));
    }
    return outcomes;
  }

  async #one(recording: Recording, later: readonly Recording[]): Promise<Outcome> {
    const outOfScope = (why: string): Outcome => ({ recording, kind: "out of scope", why });
    const { status, reason = "", body } = recording.response;
    if (status === undefined) return outOfScope("no answer was recorded");
    const who = /PVEAPIToken=([^=]+)=/.exec(recording.request.headers.Authorization ?? "")?.[1];
    if (recording.token !== "custom" && who !== undefined && !this.#spec.tokens.some(({ id }) => id === who)) {
      return outOfScope(`token ${who} is not in world.json`);
    }
    if (/^\/api2\/(extjs|json\/\.\.)/.test(targetOf(recording))) return outOfScope("not under /api2/json");
    if (isCut(recording)) return outOfScope("its body was cut in the recording");
    const upid = taskIn(targetOf(recording));
    if (upid !== null && !this.#tasks.has(upid) && !/:00000001:/.test(upid)) {
      return outOfScope("the call that began this task was kept back");
    }
    await this.#settle(recording, later);
    await this.#catchUp(recording);
    this.#byHand(recording);
    this.#removedBefore(recording);
    const booting = /"running-qemu"/.test(body ?? "") && !/"freemem"/.test(body ?? "");
    this.#guest.awake = !booting && !reason.startsWith("QEMU guest agent is not running");
    const answered = await this.#answer(recording);
    this.#tickets.learn(dataOf(body), answered.body);
    const theirs = dataOf(body);
    const ours = dataOf(answered.body);
    if (typeof theirs === "string" && theirs.startsWith("UPID:") && typeof ours === "string")
      this.#tasks.set(theirs, ours);
    const [pid, ownPid] = [pidIn(theirs), pidIn(ours)];
    if (pid !== null && ownPid !== null) this.#processes.set(pid, ownPid);
    const [digest, own] = [digestIn(theirs), digestIn(ours)];
    if (digest !== null && own !== null) this.#digests.set(digest, own);
    const why = difference({ status, reason, body: body ?? "" }, answered);
    return { recording, kind: why === null ? "matched" : "differing", why: why ?? "" };
  }

  /** Tasks end between two calls, but for those that the recording sees running, or stops, later. */
  async #settle(recording: Recording, later: readonly Recording[]): Promise<void> {
    const asked = taskIn(targetOf(recording));
    const coming = [recording, ...later];
    for (let passed = 0; passed < 1200; passed++) {
      const open = this.#pve.state.tasks.running().filter((task) => {
        const theirs = [...this.#tasks].find(([, own]) => own === task.upid)?.[0];
        if (theirs === undefined) return false;
        if (theirs === asked) return endedIn(recording);
        return !coming.some((next) => taskIn(targetOf(next)) === theirs && !endedIn(next));
      });
      if (open.length === 0) return;
      await this.#time.pass(100);
    }
  }

  /** As much time passes between two calls as passed then, but while a task has to be seen running. */
  async #catchUp(recording: Recording): Promise<void> {
    const date = recording.response.headers?.find(([name]) => name === "Date")?.[1];
    const at = Date.parse(date ?? "");
    const since = this.#last === null || Number.isNaN(at) ? 0 : at - this.#last;
    if (!Number.isNaN(at)) this.#last = at;
    const open = this.#pve.state.tasks.running().length > 0;
    if (taskIn(targetOf(recording)) === null) await this.#time.pass(open ? 120 : Math.min(Math.max(0, since), 60_000));
  }

  /** What a recorded call could create was not there: what removed it before was kept back. */
  #removedBefore(recording: Recording): void {
    const { request, response } = recording;
    if (response.status !== 200 || !/^POST \S+\/(lxc|qemu|clone) /.test(request.line)) return;
    const vmid = Number(/\b(?:newid|vmid)\W+(\d+)/.exec(request.body ?? "")?.[1]);
    // A console waits for its client, whatever else is done.
    if (this.#pve.state.tasks.running().some(({ type }) => type !== "vncproxy")) return;
    this.#pve.state.guests.delete(vmid);
    this.#pve.state.containers.delete(vmid);
    this.#pve.state.statd.forget(vmid);
  }

  /** Locks of backups and users were set and taken away on the host: only their effect was recorded. */
  #byHand({ name, request, response }: Recording): void {
    const { access } = this.#pve.state.spec;
    const user = access?.users.find(({ userid }) => userid === "gha@pve");
    if (user !== undefined) user.enable = /disabled user$/.test(name) ? 0 : 1;
    // What this role lacked was granted before the last of the lives.
    const role = access?.roles.find(({ roleid }) => roleid === "role-of-dispatcher@pve-/pool/runners");
    if (role !== undefined && name.startsWith("E4 life:")) role.privs += ",VM.Config.Cloudinit";
    const unborn = /:vzstart:(\d+):/.exec(decodeURIComponent(request.line))?.[1];
    const container = this.#pve.state.containers.get(Number(unborn));
    // It had a system that did not come up under the recorded host's LXC.
    const started = Number(/^POST \S+\/lxc\/(\d+)\/status\/start /.exec(request.line)?.[1]);
    const stopped = response.status === 200 ? this.#pve.state.containers.get(started) : undefined;
    if (stopped !== undefined) stopped.running = null;
    if (container !== undefined && /"exitstatus":"(?!OK|WARN)/.test(response.body ?? "")) container.running = null;
    const guest = this.#pve.state.guests.get(Number(/\/qemu\/(\d+)/.exec(request.line)?.[1]));
    if (guest === undefined) return;
    const body = response.body ?? "";
    if (/"lock":"backup"|VM is locked \(backup\)/.test(body)) guest.config.set("lock", "backup");
    else if (request.line.startsWith("PUT") && response.status === 200 && guest.config.get("lock") === "backup") {
      guest.config.delete("lock");
    }
  }

  async #answer(recording: Recording): Promise<Answered> {
    const { headers } = recording.request;
    const body = this.#withDigest(recording);
    const bytes = body === null ? null : bytesOf(body, headers["Content-Type"] ?? "");
    const wrong = recording.token === "custom";
    const request = new Request(`https://pve.test:8006${this.#mapped(targetOf(recording))}`, {
      method: methodOf(recording),
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [
          name,
          this.#tickets.header(this.#pve.state, name, value).replace("<secret>", wrong ? "wrong" : secret),
        ]),
      ),
      ...(bytes === null || methodOf(recording) === "GET" ? {} : { body: new Uint8Array(bytes) }),
    });
    const pending = this.#pve.handler(request);
    let settled = false;
    pending.finally(() => {
      settled = true;
    });
    for (let passed = 0; passed < 1200 && !settled; passed++) await this.#time.pass(passed === 0 ? 0 : 50);
    const response = await pending;
    return { status: response.status, reason: response.statusText, body: await response.text() };
  }

  /** Where the read that it came from was kept back, an accepted digest is the one of now. */
  #withDigest({ request, response }: Recording): string | null {
    const digest = /digest=(\w{40})(&|$)/.exec(request.body ?? "")?.[1];
    if (digest === undefined || request.body === null) return request.body;
    const vmid = Number(/\/qemu\/(\d+)\//.exec(request.line)?.[1]);
    const guest = this.#pve.state.guests.get(vmid);
    const now = response.status === 200 && guest !== undefined ? digestOf(guest) : digest;
    return request.body.replace(digest, this.#digests.get(digest) ?? now);
  }

  #mapped(target: string): string {
    const upid = taskIn(target);
    const own = upid === null ? undefined : this.#tasks.get(upid);
    const pid = /\?pid=(\d+)/.exec(target)?.[1];
    if (pid !== undefined) return target.replace(`pid=${pid}`, `pid=${this.#processes.get(pid) ?? pid}`);
    return own === undefined ? target : target.replace(/\/tasks\/[^/?]+/, `/tasks/${encodeURIComponent(own)}`);
  }
}

/** Whether an answer about a task shows it at its end. */
function endedIn(recording: Recording): boolean {
  if (methodOf(recording) === "DELETE") return false;
  const body = recording.response.body ?? "";
  return targetOf(recording).includes("/log") ? /"TASK /.test(body) : /"exitstatus"/.test(body);
}

/** Long uploads were cut in the recording: they get their end again. */
function bytesOf(body: string, type: string): Buffer {
  const boundary = /^multipart.*boundary="?([^";]+)/i.exec(type)?.[1];
  if (boundary === undefined) return Buffer.from(body, "utf8");
  const end = `\r\n--${boundary}--\r\n`;
  if (body.includes(end.trimEnd())) return Buffer.from(body, "latin1");
  // The checksum was of the whole file; one of zeros was meant to be wrong.
  const file = body.slice(body.indexOf("\r\n\r\n", body.indexOf('name="filename"')) + 4);
  const sum = createHash("sha256").update(Buffer.from(file, "latin1")).digest("hex");
  return Buffer.from(`${body.replace(/(?!0{64})\b[0-9a-f]{64}\b/, sum)}${end}`, "latin1");
}

const pidIn = (data: unknown): string | null =>
  typeof data === "object" && data !== null && "pid" in data ? String(data.pid) : null;

const digestIn = (data: unknown): string | null =>
  typeof data === "object" && data !== null && "digest" in data ? String(data.digest) : null;

/** Long bodies were cut; uploads can be completed, others not. */
const isCut = ({ request, response }: Recording): boolean =>
  (request.body ?? "").length >= 1400 &&
  (response.status ?? 0) >= 400 &&
  !/multipart/.test(request.headers["Content-Type"] ?? "");
