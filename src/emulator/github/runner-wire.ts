import { MINUTE, SECOND } from "../../domain/time.ts";
import type { Handler } from "../handler.ts";
import type { WorldTime } from "../time.ts";
import type { RunnerFiles } from "./jit-config.ts";
import type { RegistrationOrder, RunnerService, SessionEnd } from "./runner-service.ts";

/** The machine that a runner is on. */
export interface Host {
  readonly vmid: number;
  readonly off: AbortSignal;
}

export interface WireParts {
  readonly runners: RunnerService;
  readonly time: WorldTime;
  /** Of a runner by its name; null where nobody knows. */
  readonly hostOf: (runner: string) => Host | null;
}

/** What the runner is to do next. It answers with its next question. */
type Order =
  | { readonly do: "wait" }
  | { readonly do: "start" | "finish"; readonly job: number }
  | { readonly do: "end"; readonly ended: SessionEnd["ended"]; readonly message: string };

/** What the runner has done since its last question. */
interface Said {
  readonly started?: boolean;
  readonly completed?: boolean;
}

interface Session {
  next(said: Said): Promise<Order>;
}

const root = "/runner-service/";
/** A question is answered after so long, whatever there is to say. */
const longestPoll = 25 * SECOND;
/** A runner that asks nothing any more is gone. */
const longestSilence = 2 * MINUTE;

/**
 * The runner service over HTTP, for programs that run in a real guest: one question after the other, each held open
 * until there is something to do. Every other request goes to `rest`.
 */
export function withRunnerWire(rest: Handler, parts: WireParts): Handler {
  const sessions = new Map<string, Session>();

  return async (request) => {
    const { pathname } = new URL(request.url);
    if (!pathname.startsWith(root) || request.method !== "POST") return rest(request);
    const [what = "", id] = pathname.slice(root.length).split("/");
    const body: unknown = await request.json();
    if (what === "register") return Response.json(parts.runners.register(body as RegistrationOrder));
    if (what === "sessions" && id === undefined) {
      const { files } = body as { files: RunnerFiles };
      const session = String(sessions.size + 1);
      sessions.set(session, open(files, parts));
      return Response.json({ session });
    }
    const session = sessions.get(id ?? "");
    return session === undefined
      ? new Response(null, { status: 404 })
      : Response.json(await session.next(body as Said));
  };
}

function open(files: RunnerFiles, { runners, time, hostOf }: WireParts): Session {
  const name = (JSON.parse(files[".runner"]) as { AgentName: string }).AgentName;
  const host = hostOf(name);
  const lost = new AbortController();
  const orders: Order[] = [];
  let wake = (): void => {};
  let answered: (willing: boolean) => void = () => {};
  let forget = (): void => {};

  const tell = (order: Order): void => {
    orders.push(order);
    wake();
  };
  const ask = (order: Order): Promise<boolean> =>
    new Promise((resolve) => {
      answered = resolve;
      tell(order);
    });
  const listening = runners.listen({
    credential: { kind: "files", files },
    vmid: host?.vmid ?? null,
    off: host === null ? lost.signal : AbortSignal.any([host.off, lost.signal]),
    hooks: {
      started: (job) => ask({ do: "start", job }),
      completed: async (job) => void (await ask({ do: "finish", job })),
    },
  });
  void listening.then((end) => tell({ do: "end", ended: end.ended, message: messageOf(end) }));

  return {
    async next({ started, completed }) {
      forget();
      forget = time.after(longestSilence, () => lost.abort());
      if (started !== undefined || completed !== undefined) answered(started ?? true);
      if (orders.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          time.after(longestPoll, resolve);
        });
      }
      return orders.shift() ?? { do: "wait" };
    },
  };
}

function messageOf(end: SessionEnd): string {
  if (end.ended === "job") return `Job ${end.name} completed with result: ${end.result}`;
  return "message" in end ? end.message : "The runner was stopped.";
}
