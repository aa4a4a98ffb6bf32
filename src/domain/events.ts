/** Which workflow events may use our machines: all but some, or only those. */
export type EventRule =
  | { readonly kind: "except"; readonly events: readonly string[] }
  | { readonly kind: "only"; readonly events: readonly string[] };

/**
 * Whoever may comment or open a pull request can cause these, and GitHub runs them with the repository's own rights and
 * without an approval: a workflow that then checks out what the other wrote runs it on our machines.
 */
export const outsideEvents: readonly string[] = ["pull_request_target", "issue_comment", "workflow_run"];

export const defaultEvents: EventRule = { kind: "except", events: outsideEvents };

export const admits = ({ kind, events }: EventRule, event: string): boolean =>
  events.includes(event) === (kind === "only");

/** All that GitHub starts workflow runs with; `dynamic` are its own, such as Dependabot's. */
export const knownEvents: readonly string[] = [
  "branch_protection_rule",
  "check_run",
  "check_suite",
  "create",
  "delete",
  "deployment",
  "deployment_status",
  "discussion",
  "discussion_comment",
  "dynamic",
  "fork",
  "gollum",
  "image_version",
  "issue_comment",
  "issues",
  "label",
  "merge_group",
  "milestone",
  "page_build",
  "project",
  "project_card",
  "project_column",
  "public",
  "pull_request",
  "pull_request_review",
  "pull_request_review_comment",
  "pull_request_target",
  "push",
  "registry_package",
  "release",
  "repository_dispatch",
  "schedule",
  "status",
  "watch",
  "workflow_dispatch",
  "workflow_run",
];
