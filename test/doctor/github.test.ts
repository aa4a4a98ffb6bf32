import assert from "node:assert/strict";
import { test } from "node:test";
import type { Subject } from "../../src/doctor/finding.ts";
import { type Clinic, findingsIn, githubToken, illsOf } from "./clinic.ts";

interface Case {
  readonly title: string;
  readonly clinic: Clinic;
  readonly level: "blocks" | "warns";
  readonly subject: Subject;
  readonly what: RegExp;
  readonly remedy: RegExp;
}

const tokenWith = (change: Readonly<Record<string, unknown>>): Clinic => ({
  github: { tokens: [{ token: githubToken, ...change }] },
});
const publicWorld = { repositories: [{ name: "octo/demo", visibility: "public" }] };
const answers = (path: string, body: unknown, status = 200): NonNullable<Clinic["githubInstead"]> => ({
  [path]: Response.json(body, { status }),
});

const selected = {
  id: 3,
  name: "ours",
  visibility: "selected",
  repositories: ["acme/app"],
  allowsPublicRepositories: true,
};

/** An organisation's pool, served by a runner group. */
const organisation = (change: Readonly<Record<string, unknown>> = {}, tokens?: object): Clinic => ({
  github: {
    repositories: [{ name: "acme/app" }, { name: "acme/other" }],
    organisations: [{ login: "acme", groups: [{ ...selected, ...change }] }],
    ...(tokens === undefined ? {} : { tokens: [tokens] }),
  },
  env: { REPO_OWNER: "", REPO_NAME: "" },
  files: {
    "dispatcher.yaml":
      "pools:\n  - name: default\n    github: {organisation: acme, repositories: [app], runner_group: ours}\n",
  },
});

const cases: readonly Case[] = [
  {
    title: "a rate limit that is used up",
    clinic: { githubInstead: answers("/rate_limit", limitOf(0)) },
    level: "blocks",
    subject: "github",
    what: /^0 of 5000 calls/,
    remedy: /wait .*POLL_INTERVAL/,
  },
  {
    title: "a rate limit that is nearly used up",
    clinic: { githubInstead: answers("/rate_limit", limitOf(100)) },
    level: "warns",
    subject: "github",
    what: /^100 of 5000 calls/,
    remedy: /POLL_INTERVAL/,
  },
  {
    title: "a token without Actions",
    clinic: tokenWith({ actions: "none" }),
    level: "blocks",
    subject: "repository",
    what: /list the runs of octo\/demo: GitHub answered 403/,
    remedy: /Actions: read, for octo\/demo/,
  },
  {
    title: "a token without Administration",
    clinic: tokenWith({ administration: "none" }),
    level: "blocks",
    subject: "github",
    what: /list the runners of repos\/octo\/demo: GitHub answered 403/,
    remedy: /Administration: read and write/,
  },
  {
    title: "an owner of the token who does not administer the repository",
    clinic: { githubInstead: answers("/repos/octo/demo", { private: true, permissions: { admin: false } }) },
    level: "blocks",
    subject: "github",
    what: /owner does not administer repos\/octo\/demo/,
    remedy: /role Admin/,
  },
  {
    title: "a public repository that no policy names",
    clinic: {
      github: publicWorld,
      config: (config) => ({ ...config, policy: { ...config.policy, publicRepositories: [] } }),
    },
    level: "blocks",
    subject: "repository",
    what: /octo\/demo is public/,
    remedy: /ALLOW_PUBLIC_REPOSITORIES=octo\/demo/,
  },
  {
    title: "a public repository whose forks do not all wait for an approval",
    clinic: {
      github: publicWorld,
      env: { ALLOW_FORKS: "octo/demo" },
      githubInstead: answers("/repos/octo/demo/actions/permissions/fork-pr-contributor-approval", {
        approval_policy: "first_time_contributors",
      }),
    },
    level: "warns",
    subject: "repository",
    what: /its forks are allowed, and not all of them wait/,
    remedy: /octo\/demo\/settings\/actions: require approval for all external contributors/,
  },
  {
    title: "a private repository whose forks run without an approval",
    clinic: {
      env: { ALLOW_FORKS: "octo/demo" },
      githubInstead: answers("/repos/octo/demo/actions/permissions/fork-pr-workflows-private-repos", {
        run_workflows_from_fork_pull_requests: true,
        require_approval_for_fork_pr_workflows: false,
      }),
    },
    level: "warns",
    subject: "repository",
    what: /forks of octo\/demo run without an approval/,
    remedy: /require approval/,
  },
  {
    title: "a pool that takes jobs of pull_request_target",
    clinic: { env: { ALLOW_EVENTS: "push, pull_request_target" } },
    level: "warns",
    subject: "repository",
    what: /pool default takes jobs that pull_request_target starts/,
    remedy: /ALLOW_EVENTS/,
  },
  {
    title: "a fork policy that cannot be read",
    clinic: {
      env: { ALLOW_FORKS: "octo/demo" },
      githubInstead: answers("/repos/octo/demo/actions/permissions/fork-pr-workflows-private-repos", {}, 403),
    },
    level: "warns",
    subject: "repository",
    what: /the fork policy of octo\/demo/,
    remedy: /Administration: read/,
  },
  {
    title: "a token without Self-hosted runners",
    clinic: organisation({}, { token: githubToken, selfHostedRunners: "none" }),
    level: "blocks",
    subject: "github",
    what: /list the runners of orgs\/acme: GitHub answered 403/,
    remedy: /Self-hosted runners \(of the organisation\): read and write/,
  },
  {
    title: "a runner group that does not exist",
    clinic: organisation({ name: "theirs" }),
    level: "blocks",
    subject: "runner group",
    what: /runner group ours does not exist in acme/,
    remedy: /one of: .*theirs/,
  },
  {
    title: "a runner group that admits every repository",
    clinic: organisation({ visibility: "all" }),
    level: "warns",
    subject: "runner group",
    what: /admits more than the pool's repositories/,
    remedy: /Selected repositories/,
  },
  {
    title: "a runner group that does not admit the pool's repository",
    clinic: organisation({ repositories: [] }),
    level: "blocks",
    subject: "runner group",
    what: /does not admit acme\/app/,
    remedy: /add them/,
  },
  {
    title: "a runner group that admits another repository too",
    clinic: organisation({ repositories: ["acme/app", "acme/other"] }),
    level: "warns",
    subject: "runner group",
    what: /also admits acme\/other/,
    remedy: /remove them, or list them in pool default/,
  },
];

function limitOf(remaining: number) {
  const core = { limit: 5000, remaining, used: 5000 - remaining, reset: 1_795_250_000 };
  return { resources: { core }, rate: core };
}

for (const { title, clinic, level, subject, what, remedy } of cases) {
  test(`${title} is found, alone, with its remedy`, async () => {
    const findings = await findingsIn(clinic);
    const ill = findings.find((finding) => finding.level === level);
    assert.equal(illsOf(findings).length, 1, illsOf(findings).join("\n"));
    assert.ok(ill !== undefined && ill.level !== "good", illsOf(findings).join("\n"));
    assert.equal(ill.subject, subject);
    assert.match(ill.what, what);
    assert.match(ill.remedy, remedy);
    assert.notEqual(ill.why, "");
  });
}

test("where an organisation's group admits the pool's repositories alone, everything is good", async () => {
  const findings = await findingsIn(organisation());
  assert.deepEqual(illsOf(findings), []);
  assert.ok(findings.some(({ what }) => /admits the repositories of pool default and no others/.test(what)));
});

test("a public repository that a group shuts out is found", async () => {
  const world = organisation({ allowsPublicRepositories: false });
  const github = { ...world.github, repositories: [{ name: "acme/app", visibility: "public" }] };
  const env = { ...world.env, ALLOW_PUBLIC_REPOSITORIES: "acme/app" };
  assert.deepEqual(illsOf(await findingsIn({ ...world, github, env })), [
    "blocks runner group: runner group ours is closed to public repositories, and acme/app is one",
  ]);
});

test("a repository that the token does not see is told apart from one that it may not read", async () => {
  const ills = illsOf(await findingsIn(tokenWith({ repositories: [] })));
  assert.ok(ills.includes("blocks repository: repository octo/demo does not exist, or the token does not see it"));
  assert.ok(!ills.some((ill) => /runs of octo\/demo/.test(ill)), "what rests on it is not told again");
});

test("a token that GitHub refuses blocks", async () => {
  const findings = await findingsIn({ env: { GITHUB_TOKEN: "ghp_wrong" } });
  const ill = findings.find(({ level }) => level === "blocks");
  assert.ok(ill !== undefined && ill.level !== "good");
  assert.match(ill.what, /GitHub refuses the token/);
  assert.match(ill.remedy, /GITHUB_TOKEN/);
});

test("a GitHub that does not answer blocks", async () => {
  const ills = illsOf(await findingsIn({ githubInstead: { "/rate_limit": null } }));
  assert.match(ills[0] ?? "", /blocks github: GitHub does not answer/);
});

test("no finding carries a secret", async () => {
  const text = JSON.stringify(
    await findingsIn({ env: { GITHUB_TOKEN: "ghp_wrong", PROXMOX_TOKEN_SECRET: "wrong-secret" } }),
  );
  assert.doesNotMatch(text, /ghp_wrong|wrong-secret/);
});
