import { aCount, aFlag, aNumber, aText, aVmid, maybe, oneOf } from "./formats.ts";
import { allowed, demand } from "./permissions.ts";
import { badParameters } from "./refusal.ts";
import type { Answer, Call, Route } from "./router.ts";
import { isNine } from "./state.ts";
import type { Task } from "./tasks.ts";

/** `/cluster/tasks` shows what runs and the last few that ended. */
const recent = 25;

export const taskCalls: readonly Route[] = [
  {
    method: "GET",
    path: "/cluster/tasks",
    call: "cluster.tasks",
    answer: ({ state, token }) => ({
      data: [...state.tasks.running(), ...take(state.tasks.finished(), recent)]
        .filter((task) => mayRead(state, token, task))
        .map((task) => (task.end === null ? described(task) : { ...described(task), ...ending(task), saved: "1" })),
    }),
  },
  {
    method: "GET",
    path: "/nodes/{node}/tasks",
    call: "tasks",
    parameters: {
      source: maybe(oneOf("archive", "active", "all")),
      vmid: maybe(aVmid),
      typefilter: maybe(aText),
      userfilter: maybe(aText),
      statusfilter: maybe(aText),
      since: maybe(aNumber),
      until: maybe(aNumber),
      errors: maybe(aFlag),
      start: maybe(aCount),
      limit: maybe(aCount),
    },
    answer: list,
  },
  {
    method: "GET",
    path: "/nodes/{node}/tasks/{upid}/status",
    call: "task.status",
    answer: (call) => {
      const task = needTask(call);
      const exit = task.end === null ? {} : { exitstatus: task.end.status };
      return { data: { ...described(task), status: task.end === null ? "running" : "stopped", ...exit } };
    },
  },
  {
    method: "GET",
    path: "/nodes/{node}/tasks/{upid}/log",
    call: "task.log",
    parameters: { start: maybe(aCount), limit: maybe(aCount), download: maybe(aFlag) },
    answer: log,
  },
  {
    method: "DELETE",
    path: "/nodes/{node}/tasks/{upid}",
    call: "task.stop",
    answer: (call) => {
      const task = needTask(call);
      if (task.token !== call.token.id) demand(call.state, call.token, `/nodes/${call.node}`, "Sys.Modify");
      call.state.tasks.abort(task.upid);
      return { data: null };
    },
  },
];

function list(call: Call): Answer {
  const { state, token, node, values } = call;
  const source = values.text("source") ?? "archive";
  const start = values.number("start") ?? 0;
  const matches = (task: Task): boolean => task.node === node && filtered(call, task) && mayRead(state, token, task);
  const running = source === "archive" ? [] : state.tasks.running().filter(matches);
  const active = running.map((task) => ({
    ...withoutToken(described(task)),
    user: task.token,
    status: "RUNNING",
    saved: "0",
  }));
  if (source === "active") return { data: active, ...total(active.length) };
  const finished = [...state.tasks.finished()].filter(matches).map((task) => ({ ...described(task), ...ending(task) }));
  const all = [...active, ...finished];
  return { data: all.slice(start, start + (values.number("limit") ?? 50)), ...total(all.length) };
}

/** An empty list comes without. */
const total = (count: number): { total?: number } => (count === 0 ? {} : { total: count });

function filtered({ values }: Call, task: Task): boolean {
  const vmid = values.number("vmid");
  const type = values.text("typefilter");
  const since = values.number("since");
  const until = values.number("until");
  if (vmid !== undefined && task.id !== String(vmid)) return false;
  if (type !== undefined && task.type !== type) return false;
  if (since !== undefined && task.startedAt < since * 1000) return false;
  if (until !== undefined && task.startedAt > until * 1000) return false;
  if (values.flag("errors") && (task.end === null || task.end.status === "OK")) return false;
  return task.token.includes(values.text("userfilter") ?? "");
}

function log(call: Call): Answer {
  const { state, values } = call;
  const upid = upidIn(call);
  const task = state.tasks.find(upid);
  if (task === undefined) {
    const line = { n: 1, t: "unable to open file - No such file or directory" };
    return { data: isNine(state) ? [line] : line, total: 1 };
  }
  if (!mayRead(state, call.token, task)) demand(state, call.token, `/nodes/${call.node}`, "Sys.Audit");
  const start = values.number("start") ?? 0;
  const limit = values.number("limit") ?? 50;
  const lines = task.log.map((t, at) => ({ n: at + 1, t }));
  return { data: limit === 0 ? lines.slice(start) : lines.slice(start, start + limit), total: lines.length };
}

function needTask(call: Call): Task {
  const task = call.state.tasks.find(upidIn(call));
  if (task === undefined) throw badParameters({ upid: "no such task" });
  if (!mayRead(call.state, call.token, task)) demand(call.state, call.token, `/nodes/${call.node}`, "Sys.Audit");
  return task;
}

function upidIn({ values }: Call): string {
  const upid = values.text("upid") ?? "";
  if (!/^UPID:[^:]+:[0-9A-F]{8}:[0-9A-F]{8,9}:[0-9A-F]{8}:[^:]+:[^:]*:[^:]+:$/.test(upid)) {
    throw badParameters({ upid: "unable to parse worker upid" });
  }
  return upid;
}

/** One's own, and with Sys.Audit on the node everybody's. */
const mayRead = (state: Call["state"], token: Call["token"], task: Task): boolean =>
  task.token === token.id || allowed(state, token, `/nodes/${task.node}`, "Sys.Audit");

function described(task: Task): Record<string, unknown> {
  const [user, tokenid] = task.token.split("!", 2);
  const { upid, node, pid, pstart, type, id } = task;
  return { upid, node, pid, pstart, type, id, starttime: seconds(task.startedAt), user, tokenid };
}

const withoutToken = ({ tokenid: _tokenid, ...rest }: Record<string, unknown>): Record<string, unknown> => rest;

const ending = (task: Task): Record<string, unknown> =>
  task.end === null ? {} : { status: task.end.status, endtime: seconds(task.end.at) };

const seconds = (at: number): number => Math.floor(at / 1000);

function* take<T>(items: Iterable<T>, count: number): Generator<T> {
  let taken = 0;
  for (const item of items) {
    if (taken++ >= count) return;
    yield item;
  }
}
