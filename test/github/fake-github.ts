import { createHash } from "node:crypto";
import { start } from "./clock.ts";

export interface FakeRun {
  readonly id: number;
  event: string;
  status: string;
  updated_at: string;
  repository: { id: number; full_name: string; private: boolean };
  head_repository: { id: number } | null;
}

export interface FakeJob {
  readonly id: number;
  readonly run_id: number;
  readonly name: string;
  status: string;
  created_at: string;
  started_at: string | null;
  labels: string[];
  runner_id: number | null;
  runner_name: string | null;
}

export interface FakeRunner {
  id: number;
  name: string;
  os: string;
  status: string;
  busy: boolean;
  ephemeral: boolean;
  labels: { name: string }[];
}

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Headers;
  readonly body: unknown;
  readonly status: number;
}

type Fault = (request: Request) => Response | Promise<Response> | null;

export const json = (status: number, body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });

export const iso = (offset: number): string => new Date(start + offset).toISOString();

/** Just enough of GitHub, with its state in plain fields. */
export class FakeGithub {
  readonly runs = new Map<string, FakeRun[]>();
  readonly jobs = new Map<number, FakeJob[]>();
  readonly runners = new Map<string, FakeRunner[]>();
  readonly groups: { id: number; name: string; visibility: string; default: boolean }[] = [];
  readonly groupRepositories = new Map<number, string[]>();
  readonly seen: Seen[] = [];
  /** Filtered lists of runs come from an index that may miss some. */
  readonly unindexed = new Set<number>();
  /** The first that answers wins. */
  readonly faults: Fault[] = [];
  readonly prefix: string;
  #nextRunner = 500;

  constructor(prefix = "") {
    this.prefix = prefix;
  }

  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    const body = request.body === null ? undefined : await request.clone().json();
    const { method, headers } = request;
    let status = 0;
    try {
      const answer = await this.#answer(request, url);
      const response = method === "GET" && answer.status === 200 ? await conditional(answer, request) : answer;
      status = response.status;
      return response;
    } finally {
      const query = Object.fromEntries(url.searchParams);
      this.seen.push({ method, path: url.pathname, query, headers, body, status });
    }
  };

  addRun(repository: string, run: { readonly id: number } & Partial<FakeRun>): FakeRun {
    const base = { id: 1, full_name: repository, private: true };
    const made = {
      event: "push",
      status: "in_progress",
      updated_at: iso(0),
      repository: base,
      head_repository: { id: 1 },
      ...run,
    };
    this.runs.set(repository, [made, ...(this.runs.get(repository) ?? [])]);
    this.jobs.set(run.id, this.jobs.get(run.id) ?? []);
    return made;
  }

  addJob(run: number, job: { readonly id: number } & Partial<FakeJob>): FakeJob {
    const made = {
      run_id: run,
      name: `job ${job.id}`,
      status: "queued",
      created_at: iso(-1000),
      started_at: iso(-1000),
      labels: ["self-hosted", "linux"],
      runner_id: null,
      runner_name: null,
      ...job,
    };
    this.jobs.set(run, [...(this.jobs.get(run) ?? []), made]);
    return made;
  }

  addRunner(scope: string, runner: { readonly name: string } & Partial<FakeRunner>): FakeRunner {
    const made = {
      id: this.#nextRunner++,
      os: "linux",
      status: "offline",
      busy: false,
      ephemeral: true,
      labels: [{ name: "self-hosted" }, { name: "dispatcher-home" }],
      ...runner,
    };
    this.runners.set(scope, [...(this.runners.get(scope) ?? []), made]);
    return made;
  }

  calls(method: string, path: RegExp): readonly Seen[] {
    return this.seen.filter((call) => call.method === method && path.test(call.path));
  }

  async #answer(request: Request, url: URL): Promise<Response> {
    for (const fault of this.faults) {
      const answer = await fault(request);
      if (answer !== null) return answer;
    }
    const path = url.pathname.slice(this.prefix.length);
    const query = url.searchParams;
    const [, scope = "", rest = ""] = /^\/((?:repos\/[^/]+\/[^/]+)|(?:orgs\/[^/]+))\/actions\/(.+)$/.exec(path) ?? [];
    const repository = scope.replace(/^repos\//, "");
    const route = `${request.method} ${rest}`;
    const number = Number(/\d+/.exec(rest)?.[0]);
    if (path === "/rate_limit") return json(200, { resources: {} });
    if (route === "GET runners") {
      const wanted = query.get("name");
      const all = (this.runners.get(scope) ?? []).filter(({ name }) => wanted === null || name === wanted);
      return page("runners", all, query);
    }
    if (route === "POST runners/registration-token") return json(201, { token: "REGTOKEN", expires_at: "x" });
    if (route === "POST runners/generate-jitconfig")
      return this.#mint(scope, (await request.json()) as { name: string });
    if (/^DELETE runners\/\d+$/.test(route)) return this.#remove(scope, number);
    if (route === "GET runner-groups") return page("runner_groups", this.groups, query);
    if (/^GET runner-groups\/\d+\/repositories$/.test(route)) {
      const named = (this.groupRepositories.get(number) ?? []).map((full_name, id) => ({ id, full_name }));
      return page("repositories", named, query);
    }
    if (route === "GET runs" && this.runs.has(repository)) {
      const status = query.get("status");
      const indexed = (run: FakeRun) => run.status === status && !this.unindexed.has(run.id);
      return page(
        "workflow_runs",
        (this.runs.get(repository) ?? []).filter((r) => status === null || indexed(r)),
        query,
      );
    }
    if (/^GET runs\/\d+\/jobs$/.test(route) && this.jobs.has(number))
      return page("jobs", this.jobs.get(number) ?? [], query);
    const job = [...this.jobs.values()].flat().find(({ id }) => id === number);
    if (/^GET jobs\/\d+$/.test(route) && job !== undefined) return json(200, job);
    return json(404, { message: "Not Found", status: "404" });
  }

  #mint(scope: string, order: { name: string }): Response {
    if ((this.runners.get(scope) ?? []).some(({ name }) => name === order.name)) {
      return json(409, { message: "Already exists - A runner with the name *** already exists." });
    }
    const runner = this.addRunner(scope, { name: order.name });
    return json(201, { runner, encoded_jit_config: "JITSECRET" });
  }

  #remove(scope: string, id: number): Response {
    const all = this.runners.get(scope) ?? [];
    const runner = all.find((r) => r.id === id);
    if (runner === undefined) return json(404, { message: "Not Found", status: "404" });
    if (runner.busy) return json(422, { message: "Bad request - Runner is still running a job" });
    this.runners.set(
      scope,
      all.filter((r) => r.id !== id),
    );
    return new Response(null, { status: 204 });
  }
}

function page(name: string, all: readonly unknown[], query: URLSearchParams): Response {
  const size = Number(query.get("per_page") ?? 30);
  const first = (Number(query.get("page") ?? 1) - 1) * size;
  return json(200, { total_count: all.length, [name]: all.slice(first, first + size) });
}

async function conditional(answer: Response, request: Request): Promise<Response> {
  const body = await answer.text();
  const token = request.headers.get("authorization") ?? "";
  const etag = `W/"${createHash("sha256")
    .update(token + body)
    .digest("hex")}"`;
  if (request.headers.get("if-none-match") === etag) return new Response(null, { status: 304 });
  return new Response(body, { status: 200, headers: { "content-type": "application/json", etag } });
}
