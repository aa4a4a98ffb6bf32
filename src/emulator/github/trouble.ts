import type { Ms } from "../../domain/time.ts";
import type { Call } from "./calls.ts";

/** How an answer fails to come: GitHub's own words, a page for people, or nothing but a closed connection. */
export type Silence = "502" | "503" | "504" | "html" | "dropped";

/** Which requests meet a trouble: all of them unless something is said. */
export interface Reach {
  readonly calls?: readonly Call[];
  /** Only the first so many. */
  readonly times?: number;
  /** One in so many, by chance. */
  readonly oneIn?: number;
}

/** What can be wrong with GitHub for a while, each as narrow as a real failure. */
export type Trouble =
  | (Reach & { readonly kind: "down"; readonly how: Silence })
  /** `late`: the work is done at once and the answer takes long; otherwise the request does, and works when nobody waits. */
  | (Reach & { readonly kind: "slow"; readonly ms: Ms; readonly late?: boolean })
  /** The work is done, and nobody is told: minting unless `calls` says otherwise. */
  | (Reach & { readonly kind: "lost answer"; readonly how: Silence })
  | (Reach & { readonly kind: "bad credentials"; readonly token?: string })
  | (Reach & {
      readonly kind: "secondary limit";
      readonly status: 403 | 429;
      /** In seconds; null: it is left out, as happens. */
      readonly retryAfter: number | null;
    })
  /** The hour's points are used up, by somebody else of the same account. Ends by itself. */
  | { readonly kind: "exhausted"; readonly status: 403 | 429; readonly ms: Ms }
  /** Lists of runners are old: in what they say of each, or also in whom they name. */
  | { readonly kind: "stale runners"; readonly ms: Ms; readonly what: "state" | "records" }
  /** Lists of runs with a filter lack what changed since. */
  | { readonly kind: "stale search"; readonly ms: Ms }
  /** Between one page and the next so many entries came in front (repeated then), or went (left out then; negative). */
  | { readonly kind: "shifting pages"; readonly by: number; readonly calls?: readonly Call[] }
  /** A run's status is that of its least advanced job. */
  | { readonly kind: "least advanced" }
  /** A machine that is gone counts as online for so long, and is given jobs. */
  | { readonly kind: "late notice"; readonly ms: Ms };

export type Kind = Trouble["kind"];
export type Of<K extends Kind> = Extract<Trouble, { kind: K }>;

const page =
  "<!DOCTYPE html>\n<html><head><title>Unicorn! &middot; GitHub</title></head><body><p>No server is available to serve your request.</p></body></html>\n";

/** Throws as fetch does where there is no answer at all. */
export function silence(how: Silence): Response {
  if (how === "dropped") {
    const cause = Object.assign(new Error("other side closed"), { code: "UND_ERR_SOCKET" });
    throw new TypeError("fetch failed", { cause });
  }
  if (how === "html") return new Response(page, { status: 502, headers: { "content-type": "text/html" } });
  return Response.json({ message: "Server Error" }, { status: Number(how) });
}
