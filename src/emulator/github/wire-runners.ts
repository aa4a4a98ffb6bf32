import type { Links } from "./links.ts";
import { type Seen, seenOf } from "./past.ts";
import type { GroupSpec } from "./spec.ts";
import type { Organisation, Runner } from "./state.ts";

const readOnly = ["self-hosted", "linux", "x64"];

/** Runners and their groups, in the words of the official schemas. */
export const showRunner = (runner: Runner, seen: Seen = seenOf(runner)) => ({
  id: runner.id,
  runner_group_id: runner.group.id,
  name: runner.name,
  os: seen.connected ? "linux" : "unknown",
  status: seen.online ? "online" : "offline",
  busy: seen.busy,
  ephemeral: runner.ephemeral,
  version: seen.connected ? "2.336.0" : null,
  labels: runner.labels.map((name, at) => ({
    id: at + 1,
    name,
    type: readOnly.includes(name.toLowerCase()) ? "read-only" : "custom",
  })),
});

export function showGroup(group: GroupSpec, organisation: Organisation, links: Links) {
  const url = `${links.api}/orgs/${organisation.login}/actions/runner-groups/${group.id}`;
  return {
    id: group.id,
    name: group.name,
    visibility: group.visibility,
    default: group.id === 1,
    ...(group.visibility === "selected" ? { selected_repositories_url: `${url}/repositories` } : {}),
    runners_url: `${url}/runners`,
    inherited: false,
    allows_public_repositories: group.allowsPublicRepositories,
    restricted_to_workflows: false,
    selected_workflows: [],
    workflow_restrictions_read_only: false,
  };
}

export const showDownloads = (links: Links) =>
  (
    [
      ["linux", "x64", "tar.gz"],
      ["linux", "arm64", "tar.gz"],
      ["win", "x64", "zip"],
      ["osx", "arm64", "tar.gz"],
    ] as const
  ).map(([os, architecture, end]) => {
    const filename = `actions-runner-${os}-${architecture}-2.336.0.${end}`;
    const download_url = `${links.html}/actions/runner/releases/download/v2.336.0/${filename}`;
    return { os, architecture, download_url, filename };
  });
