import { needContainer } from "./container.ts";
import { aFlag, aText, maybe, oneOf } from "./formats.ts";
import { onGuest } from "./guest-calls.ts";
import type { Parameter } from "./parameters.ts";
import type { Answer, Call, Route } from "./router.ts";
import { isNine, needGuest } from "./state.ts";

const aSize = (maximum: number): Parameter => maybe({ type: "integer", minimum: 16, maximum });

/** How long a proxy waits for its client. */
const patience = 10_000;

export const consoleCalls: readonly Route[] = [
  ...(["qemu", "lxc"] as const).flatMap((kind): Route[] => [
    {
      method: "POST",
      path: `/nodes/{node}/${kind}/{vmid}/termproxy`,
      call: `${kind}.termproxy`,
      parameters: kind === "qemu" ? { serial: maybe(oneOf("serial0", "serial1", "serial2", "serial3")) } : {},
      needs: onGuest("VM.Console"),
      answer: (call) => open(call, kind),
    },
    {
      method: "POST",
      path: `/nodes/{node}/${kind}/{vmid}/vncproxy`,
      call: `${kind}.vncproxy`,
      parameters: {
        websocket: maybe(aFlag),
        ...(kind === "qemu" ? { "generate-password": maybe(aFlag) } : { height: aSize(2160), width: aSize(4096) }),
      },
      needs: onGuest("VM.Console"),
      answer: (call) => open(call, kind),
    },
  ]),
  {
    method: "POST",
    path: "/nodes/{node}/qemu/{vmid}/monitor",
    call: "monitor",
    parameters: { command: aText },
    needs: (state, path) => (isNine(state) ? ["/", "Sys.Audit", "Sys.Modify"] : [`/vms/${path.vmid}`, "VM.Monitor"]),
    answer: ({ state, node, vmid, values }) => {
      needGuest(state, node, vmid);
      return { data: values.text("command") === "info version" ? "9.0.2pve-qemu-kvm_9.0.2-4\r\n" : "\r\n" };
    },
  },
];

/** The task waits for the client, and ends with it. */
function open({ state, node, vmid, token }: Call, kind: "qemu" | "lxc"): Answer {
  if (kind === "qemu") needGuest(state, node, vmid);
  else needContainer(state, node, vmid);
  let done = (): void => {};
  const ended = new Promise<void>((resolve) => {
    done = resolve;
  });
  const console = state.consoles.wait({ vmid, kind, user: token.id, done });
  const task = state.tasks.start({ node, type: "vncproxy", id: String(vmid), token: token.id }, async (job) => {
    await Promise.race([job.pass(patience), ended]);
    if (state.consoles.forget(console.port)) return;
    await ended;
  });
  const { ticket, port } = console;
  return { data: { user: token.id, ticket, port: String(port), upid: task.upid } };
}
