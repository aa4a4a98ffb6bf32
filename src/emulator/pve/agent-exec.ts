import { SECOND } from "../../domain/time.ts";
import { pause } from "../time.ts";
import { reachAgent, throughAgent } from "./agent-calls.ts";
import { aCount, maybe } from "./formats.ts";
import { failed, Refusal } from "./refusal.ts";
import type { Answer, Call, Route } from "./router.ts";
import { needGuest } from "./state.ts";

const root = "/nodes/{node}/qemu/{vmid}/agent";

export const agentExecCalls: readonly Route[] = [
  {
    method: "POST",
    path: `${root}/exec`,
    call: "agent.exec",
    parameters: {
      command: { type: "string", array: true },
      "input-data": maybe({ type: "string", maxLength: 65_536 }),
    },
    needs: throughAgent("Unrestricted"),
    answer: execute,
  },
  {
    method: "GET",
    path: `${root}/exec-status`,
    call: "agent.exec-status",
    parameters: { pid: aCount },
    needs: throughAgent("Unrestricted"),
    answer: status,
  },
];

async function execute(call: Call): Promise<Answer> {
  const { state, values } = call;
  const system = await reachAgent(call);
  const words: string[] = JSON.parse(values.text("command") ?? "[]");
  const started = (await system.execute?.(words, values.text("input-data") ?? "")) ?? null;
  if (started === null) {
    // The agent's message has typographic quotes, which the daemon cannot write: the proxy gives up.
    await pause(state.time, 5 * SECOND);
    throw new Refusal(596, "Broken pipe", { body: "empty" });
  }
  return { data: { pid: started } };
}

/** The agent forgets a process as soon as its end was asked for. */
async function status(call: Call): Promise<Answer> {
  needGuest(call.state, call.node, call.vmid);
  const system = await reachAgent(call);
  const found = (await system.executed?.(call.values.number("pid") ?? 0)) ?? null;
  if (found === null) throw failed("Agent error: Invalid parameter 'pid'");
  if (found.running) return { data: { exited: 0 } };
  const { exitCode, signal, output, errors } = found;
  return {
    data: {
      exited: 1,
      ...(signal === null ? { exitcode: exitCode } : { signal }),
      ...(output === "" ? {} : { "out-data": output, "out-truncated": 0 }),
      ...(errors === "" ? {} : { "err-data": errors, "err-truncated": 0 }),
    },
  };
}
