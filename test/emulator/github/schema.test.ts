import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv } from "ajv";
import { contractFile, withoutContracts } from "../../contracts.ts";
import { lab } from "./lab.ts";

const skip = withoutContracts;

/** OpenAPI 3.0's `nullable` in the words of JSON Schema. */
function plain(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(plain);
  if (typeof schema !== "object" || schema === null) return schema;
  const { nullable, ...rest } = schema as Record<string, unknown>;
  const mapped = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, plain(value)]));
  return nullable === true ? { anyOf: [mapped, { type: "null" }] } : mapped;
}

test("answers validate against the official schemas", { skip }, async () => {
  const contract = JSON.parse(readFileSync(contractFile("github-openapi-subset.json"), "utf8"));
  const ajv = new Ajv({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: "root", ...(plain(contract) as object) });
  const groups = [{ id: 5, name: "vms", visibility: "selected", repositories: ["acme/a"] }];
  const { github, time, call, mint } = lab({
    repositories: [{ name: "octo/demo" }, { name: "acme/a" }],
    organisations: [{ login: "acme", groups }],
    jobs: [{ count: 3, jobsPerRun: 3 }, { fork: true }, { held: "waiting" }, { held: "pending" }],
  });
  const runner = await mint("vm-1");
  const busy = await mint("vm-2");
  const off = new AbortController().signal;
  void github.runners.listen({ credential: { kind: "jit", config: busy.config }, vmid: 1, off });
  await time.pass(0);
  const [job] = [...github.state.jobs.values()];
  const [waiting, pending, again] = [...github.state.runs.keys()].slice(1).reverse();
  github.cancelRun(again ?? 0);
  github.rerun(again ?? 0);
  github.weather.begin({ kind: "stale runners", ms: 1_000, what: "state" });
  const repo = "/repos/{owner}/{repo}/actions";
  const wish = { name: "vm-3", runner_group_id: 1, labels: ["x"] };
  const calls: readonly [string, string, string, unknown?][] = [
    ["get", `${repo}/runs`, "/repos/octo/demo/actions/runs"],
    ["get", `${repo}/runs/{run_id}`, `/repos/octo/demo/actions/runs/${job?.run.id}`],
    ["get", `${repo}/runs/{run_id}/jobs`, `/repos/octo/demo/actions/runs/${job?.run.id}/jobs`],
    ...[waiting, pending, again].flatMap((id): readonly [string, string, string][] => [
      ["get", `${repo}/runs/{run_id}`, `/repos/octo/demo/actions/runs/${id}`],
      ["get", `${repo}/runs/{run_id}/jobs`, `/repos/octo/demo/actions/runs/${id}/jobs?filter=all`],
    ]),
    [
      "get",
      `${repo}/runs/{run_id}/attempts/{attempt_number}/jobs`,
      `/repos/octo/demo/actions/runs/${again}/attempts/2/jobs`,
    ],
    ["get", `${repo}/jobs/{job_id}`, `/repos/octo/demo/actions/jobs/${job?.id}`],
    ["get", `${repo}/runners`, "/repos/octo/demo/actions/runners"],
    ["get", `${repo}/runners/{runner_id}`, `/repos/octo/demo/actions/runners/${runner.id}`],
    ["get", `${repo}/runners/downloads`, "/repos/octo/demo/actions/runners/downloads"],
    ["post", `${repo}/runners/generate-jitconfig`, "/repos/octo/demo/actions/runners/generate-jitconfig", wish],
    ["post", `${repo}/runners/generate-jitconfig`, "/repos/octo/demo/actions/runners/generate-jitconfig", wish],
    ["post", `${repo}/runners/generate-jitconfig`, "/repos/octo/demo/actions/runners/generate-jitconfig", {}],
    ["post", `${repo}/runners/registration-token`, "/repos/octo/demo/actions/runners/registration-token"],
    ["post", `${repo}/runners/remove-token`, "/repos/octo/demo/actions/runners/remove-token"],
    ["delete", `${repo}/runners/{runner_id}`, `/repos/octo/demo/actions/runners/${busy.id}`],
    ["get", "/orgs/{org}/actions/runners", "/orgs/acme/actions/runners"],
    ["get", "/orgs/{org}/actions/runner-groups", "/orgs/acme/actions/runner-groups"],
    ["get", "/orgs/{org}/actions/runner-groups/{runner_group_id}", "/orgs/acme/actions/runner-groups/5"],
    [
      "get",
      "/orgs/{org}/actions/runner-groups/{runner_group_id}/repositories",
      "/orgs/acme/actions/runner-groups/5/repositories",
    ],
    ["get", "/rate_limit", "/rate_limit"],
  ];
  for (const [method, template, path, body] of calls) {
    const answer = await call(method.toUpperCase(), path, body === undefined ? {} : { body });
    const operation = contract.paths[template][method];
    let response = operation.responses[String(answer.status)];
    assert.ok(response, `${method} ${template}: ${answer.status} is not in the contract`);
    let pointer = `root#/paths/${escaped(template)}/${method}/responses/${answer.status}`;
    if (response.$ref !== undefined) {
      pointer = `root${response.$ref}`;
      response = String(response.$ref)
        .slice(2)
        .split("/")
        .reduce((at, key) => at?.[key], contract);
    }
    if (response?.content?.["application/json"] === undefined) continue;
    const validate = ajv.compile({ $ref: `${pointer}/content/application~1json/schema` });
    assert.ok(validate(await answer.json()), `${method} ${path}: ${ajv.errorsText(validate.errors)}`);
  }
});

const escaped = (path: string): string => encodeURIComponent(path.replaceAll("~", "~0").replaceAll("/", "~1"));
