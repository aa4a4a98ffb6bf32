import type { UploadedFile } from "./multipart.ts";
import type { Parameters, Values } from "./parameters.ts";
import type { TokenSpec } from "./spec.ts";
import type { PveState } from "./state.ts";

/** What a call works with, once it is known who asks and the parameters are checked. */
export interface Call {
  readonly state: PveState;
  /** Who asks: a token, or a person as the token of that person that has no name. */
  readonly token: TokenSpec;
  readonly node: string;
  /** 0 where the path names no guest. */
  readonly vmid: number;
  /** Parameters of path, query and body. */
  readonly values: Values;
  readonly file: UploadedFile | null;
  /** What the audit should know beyond the path. */
  readonly note: { vmid: number | null; volume: string | null };
}

export interface Answer {
  readonly data: unknown;
  readonly total?: number;
}

/** Where a privilege is needed, by what the path names. */
export type Need = (state: PveState, path: PathNames) => readonly [path: string, ...privileges: string[]];

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With `{names}`; a last `{name*}` takes the rest. */
  readonly path: string;
  /** How the audit calls it. */
  readonly call: string;
  readonly parameters?: Parameters;
  /** Whom it is for, where that is not everyone who proves to be somebody. */
  readonly who?: "everybody" | "tickets";
  readonly needs?: Need;
  answer(call: Call): Answer | Promise<Answer>;
}

export type PathNames = Readonly<Record<string, string>>;
export interface Match {
  readonly route: Route;
  readonly names: PathNames;
}

interface Branch {
  readonly words: Map<string, Branch>;
  name: { readonly called: string; readonly branch: Branch } | null;
  rest: { readonly called: string; readonly routes: Map<string, Route> } | null;
  readonly routes: Map<string, Route>;
}

/** Finds a route in the time of its path's length. */
export class Router {
  readonly #root = emptyBranch();

  constructor(routes: readonly Route[]) {
    for (const route of routes) this.#add(route);
  }

  find(method: string, segments: readonly string[]): Match | null {
    const names: Record<string, string> = {};
    let branch = this.#root;
    for (const [at, segment] of segments.entries()) {
      const word = branch.words.get(segment);
      if (word !== undefined) {
        branch = word;
      } else if (branch.name !== null) {
        names[branch.name.called] = segment;
        branch = branch.name.branch;
      } else if (branch.rest !== null) {
        const route = branch.rest.routes.get(method);
        names[branch.rest.called] = segments.slice(at).join("/");
        return route === undefined ? null : { route, names };
      } else return null;
    }
    const route = branch.routes.get(method);
    return route === undefined ? null : { route, names };
  }

  #add(route: Route): void {
    let branch = this.#root;
    for (const segment of route.path.split("/").filter((s) => s !== "")) {
      const called = /^\{(\w+)(\*?)\}$/.exec(segment);
      if (called?.[1] === undefined) branch = wordBranch(branch, segment);
      else if (called[2] === "*") {
        // A name may begin at the same place for another method.
        branch.rest ??= { called: called[1], routes: new Map() };
        branch.rest.routes.set(route.method, route);
        return;
      } else {
        branch.name ??= { called: called[1], branch: emptyBranch() };
        branch = branch.name.branch;
      }
    }
    branch.routes.set(route.method, route);
  }
}

function wordBranch(branch: Branch, word: string): Branch {
  const next = branch.words.get(word) ?? emptyBranch();
  branch.words.set(word, next);
  return next;
}

const emptyBranch = (): Branch => ({ words: new Map(), name: null, rest: null, routes: new Map() });
