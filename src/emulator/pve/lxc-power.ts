import { type Container, missingContainer, needContainer } from "./container.ts";
import { aCount, aFlag, maybe } from "./formats.ts";
import { onGuest } from "./guest-calls.ts";
import { badParameters, failed } from "./refusal.ts";
import type { Answer, Call, Route } from "./router.ts";
import { isNine, type PveState } from "./state.ts";
import type { Job } from "./tasks.ts";

const root = "/nodes/{node}/lxc/{vmid}";
const skiplock = maybe(aFlag);

export const lxcPowerCalls: readonly Route[] = [
  {
    method: "POST",
    path: `${root}/status/start`,
    call: "lxc.start",
    parameters: { skiplock, debug: maybe(aFlag) },
    needs: onGuest("VM.PowerMgmt"),
    answer: (call) => {
      const { state, node, vmid } = call;
      if (state.containers.get(vmid)?.running) throw failed(`CT ${vmid} already running`);
      return work(call, "vzstart", (job) => startContainer(state, needContainer(state, node, vmid), job));
    },
  },
  {
    method: "POST",
    path: `${root}/status/stop`,
    call: "lxc.stop",
    parameters: { skiplock, "overrule-shutdown": maybe(aFlag) },
    needs: onGuest("VM.PowerMgmt"),
    answer: (call) => halt(call, "vzstop"),
  },
  {
    method: "POST",
    path: `${root}/status/shutdown`,
    call: "lxc.shutdown",
    parameters: { timeout: maybe(aCount), forceStop: maybe(aFlag) },
    needs: onGuest("VM.PowerMgmt"),
    answer: (call) => halt(call, "vzshutdown"),
  },
  {
    method: "DELETE",
    path: root,
    call: "lxc.destroy",
    parameters: { force: maybe(aFlag), purge: maybe(aFlag), "destroy-unreferenced-disks": maybe(aFlag) },
    needs: onGuest("VM.Allocate"),
    answer: destroy,
  },
];

export async function startContainer(state: PveState, container: Container, job: Job): Promise<void> {
  if (container.config.get("template") === 1) throw failed("you can't start a CT if it's a template");
  if (container.running !== null) throw failed(`CT ${container.vmid} already running`);
  if (container.known === true) warnOfNesting(state, container.config, job);
  container.known = true;
  await job.pass(state.spec.durations.start);
  await container.system?.start();
  container.running = { pid: 1000 + state.chance.below(30_000), since: state.time.now() };
}

/** PVE 9 looks into the container that it makes. */
export function warnOfNesting(state: PveState, config: ReadonlyMap<string, string | number>, job: Job): void {
  if (
    !isNine(state) ||
    config.get("ostype") === "unmanaged" ||
    /\bnesting=1/.test(String(config.get("features") ?? ""))
  )
    return;
  job.warn("Systemd 252 detected. You may need to enable nesting.");
}

function halt(call: Call, type: string): Answer {
  const { state, node, vmid } = call;
  const container = needContainer(state, node, vmid);
  if (container.running === null) throw failed(`CT ${vmid} not running`);
  return work(call, type, async (job) => {
    await job.pass(state.spec.durations.stop);
    await container.system?.stop();
    container.running = null;
  });
}

function destroy(call: Call): Answer {
  const { state, node, vmid, values } = call;
  const container = needContainer(state, node, vmid);
  if (container.config.get("protection") === 1) throw failed(`can't remove CT ${vmid} - protection mode enabled`);
  if (container.running !== null && !values.flag("force")) {
    throw failed(`unable to destroy CT ${vmid} - container is running`);
  }
  const resource = `ct:${vmid}`;
  if (state.haResources.has(resource) && !values.flag("purge")) {
    throw failed(`unable to remove CT ${vmid} - used in HA resources and purge parameter not set.`);
  }
  return work(call, "vzdestroy", async (job) => {
    if (state.containers.get(vmid) !== container) throw missingContainer(node, vmid);
    await job.pass(state.spec.durations.destroy);
    await container.system?.destroy();
    container.running = null;
    state.volumes.delete(String(container.config.get("rootfs")).split(",")[0] ?? "");
    state.containers.delete(vmid);
    state.haResources.delete(resource);
  });
}

function work(call: Call, type: string, doIt: (job: Job) => Promise<void>): Answer {
  const { state, node, vmid, token, values } = call;
  if (values.flag("skiplock")) throw badParameters({ skiplock: "Only root may use this option." });
  return { data: state.tasks.start({ node, type, id: String(vmid), token: token.id }, doIt).upid };
}
