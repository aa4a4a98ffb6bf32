import type { Chance } from "../domain/naming.ts";
import type { Handler } from "./handler.ts";
import { pause, type WorldTime } from "./time.ts";

/** What the network and the services' own daemons do to a call now and then. */
type Trouble = "slow" | "refused" | "refused after" | "dropped" | "dropped after" | "no worker";

const troubles = {
  reads: ["slow", "refused", "dropped"],
  changes: ["slow", "refused", "refused after", "dropped", "dropped after", "no worker"],
} as const satisfies Record<string, readonly Trouble[]>;

export interface TroubleOptions {
  readonly chance: Chance;
  readonly time: WorldTime;
  /** One call in so many is troubled. */
  readonly oneIn: number;
  /** The answer of whoever stands in front when the service itself does not answer. */
  readonly refusal: () => Response;
  /** PVE alone can say that it did nothing for want of a worker. */
  readonly noWorker: (() => Response) | null;
}

/** A handler with trouble before it: a call that it swallows may or may not have taken effect, as in life. */
export function troubled(handler: Handler, options: TroubleOptions): Handler {
  const { chance, oneIn, refusal, noWorker, time } = options;
  return async (request) => {
    if (chance.below(oneIn) > 0) return handler(request);
    const kinds = request.method === "GET" ? troubles.reads : troubles.changes;
    const play = {
      slow: async () => {
        await pause(time, 3_000);
        return handler(request);
      },
      refused: async () => refusal(),
      "refused after": async () => {
        await handler(request);
        return refusal();
      },
      dropped: async () => {
        throw new Error("the connection is dropped");
      },
      "dropped after": async () => {
        await handler(request);
        throw new Error("the connection is dropped");
      },
      "no worker": async () => noWorker?.() ?? refusal(),
    } satisfies Record<Trouble, () => Promise<Response>>;
    return play[kinds[chance.below(kinds.length)] ?? "slow"]();
  };
}

/** pveproxy's word for a daemon that it cannot reach. */
export const pveRefusal = (): Response => new Response(null, { status: 596, statusText: "Connection timed out" });

export const pveWithoutWorker = (): Response =>
  new Response('{"data":null}', { status: 500, statusText: "got no worker upid - start worker failed" });

/** GitHub's front door answers with a page for people. */
export const githubRefusal = (): Response =>
  new Response("<html><body><h1>502 Bad Gateway</h1></body></html>", {
    status: 502,
    headers: { "content-type": "text/html" },
  });
