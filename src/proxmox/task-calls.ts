import type { Upid } from "../domain/ids.ts";
import type { ProxmoxClient } from "./client.ts";
import type { PveHttp } from "./http.ts";
import type { Path } from "./request.ts";
import { nodeOfTask, parseUpid } from "./upid.ts";
import * as wire from "./wire.ts";

type TaskCalls = Pick<ProxmoxClient, "taskStatus" | "taskLog" | "activeTasks" | "abortTask">;

/** PVE sends fifty entries unless asked for more. */
const pageOfLog = 500;
const mostActive = 1000;
/** A full clone logs its progress; nobody reads more of it than this. */
const mostPages = 20;

/** What concerns tasks: PVE's work that goes on after the answer. */
export function taskCalls(http: PveHttp): TaskCalls {
  return {
    async taskStatus(upid, signal) {
      const path = [...taskPath(upid), "status"];
      const { status, exitstatus } = await http.get(path, { schema: wire.taskStatusData, signal });
      return status === "stopped" ? { kind: "stopped", exitStatus: exitstatus ?? "" } : { kind: "running" };
    },

    async taskLog(upid, signal) {
      const lines: string[] = [];
      for (let page = 0; page < mostPages; page++) {
        const query = { start: page * pageOfLog, limit: pageOfLog };
        const more = await http.get([...taskPath(upid), "log"], { schema: wire.taskLogData, signal, query });
        lines.push(...more);
        if (more.length < pageOfLog) break;
      }
      return lines;
    },

    async activeTasks(node, signal) {
      const query = { source: "active", limit: mostActive };
      const tasks = await http.get(["nodes", node, "tasks"], { schema: wire.tasksData, signal, query });
      return tasks.filter(isRunning).map(({ upid }) => {
        const { type, id, user, startedAt } = parseUpid(upid);
        return { upid, type, id, user, startedAt };
      });
    },

    async abortTask(upid, signal) {
      await http.delete(taskPath(upid), { schema: wire.ignoredData, signal });
    },
  };
}

const taskPath = (upid: Upid): Path => ["nodes", nodeOfTask(upid), "tasks", upid];

/** PVE may still list a task as active that has just ended. */
const isRunning = ({
  status,
  endtime,
}: {
  status?: string | null | undefined;
  endtime?: number | null | undefined;
}): boolean =>
  (endtime === null || endtime === undefined) && (status === null || status === undefined || status === "RUNNING");
