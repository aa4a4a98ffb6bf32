import type { Accept } from "../websocket.ts";
import { demand } from "./permissions.ts";
import { badParameters, failed, Refusal, responseOf } from "./refusal.ts";
import { identify } from "./session.ts";
import type { PveState } from "./state.ts";
import { termproxy } from "./termproxy.ts";

const place = /^\/api2\/json(\/nodes\/[^/]+\/(qemu|lxc)\/(\d+)\/vncwebsocket)$/;

/** A websocket to a console that was asked for a moment ago, or why there is none. */
export function connectConsole(state: PveState, request: Request): Response | Accept {
  try {
    return open(state, request);
  } catch (error) {
    return responseOf(error instanceof Refusal ? error : failed(String(error)));
  }
}

function open(state: PveState, request: Request): Accept {
  const url = new URL(request.url);
  const [, path = "", kind = "", digits = ""] = place.exec(url.pathname) ?? [];
  const token = identify(state, request, null, path);
  if (path === "") throw new Refusal(501, `Method 'GET ${url.pathname}' not implemented`);
  const vmid = Number(digits);
  demand(state, token, `/vms/${vmid}`, "VM.Console");
  const port = Number(url.searchParams.get("port"));
  if (!(port >= 5900 && port <= 5999)) throw badParameters({ port: "value must be between 5900 and 5999" });
  const console = state.consoles.take(port, url.searchParams.get("vncticket") ?? "");
  if (console === null || console.vmid !== vmid || console.kind !== kind || console.user !== token.id) {
    throw new Refusal(401, "invalid PVEVNC ticket");
  }
  const container = kind === "lxc" ? state.containers.get(vmid) : undefined;
  const system = container?.running == null ? null : (container.system ?? null);
  const mode = container?.config.get("cmode") === "shell" ? "shell" : "tty";
  return (peer) =>
    termproxy(
      {
        user: console.user,
        ticket: console.ticket,
        done: console.done,
        attach(print) {
          const told = (bytes: Uint8Array): void => {
            container?.transcript.push(Buffer.from(bytes));
            print(bytes);
          };
          // Nothing runs inside of it: it stays dark.
          return system?.console(mode, told) ?? { type: () => {}, hangUp: () => {} };
        },
      },
      peer,
    );
}
