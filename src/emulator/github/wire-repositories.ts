import type { Links } from "./links.ts";
import { type Organisation, ownerOf, type Repository } from "./state.ts";

/** Repositories and their owners, in the words of the official schemas. */
export function showAccount(login: string, id: number, type: "User" | "Organization", links: Links) {
  const url = `${links.api}/users/${login}`;
  return {
    login,
    id,
    node_id: `U_${id}`,
    avatar_url: `${links.html}/${login}.png`,
    gravatar_id: "",
    url,
    html_url: `${links.html}/${login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type,
    site_admin: false,
  };
}

export function showOrganisation(organisation: Organisation, links: Links) {
  const { login, id } = organisation;
  const url = `${links.api}/orgs/${login}`;
  return {
    login,
    id,
    node_id: `O_${id}`,
    url,
    repos_url: `${url}/repos`,
    events_url: `${url}/events`,
    hooks_url: `${url}/hooks`,
    issues_url: `${url}/issues`,
    members_url: `${url}/members{/member}`,
    public_members_url: `${url}/public_members{/member}`,
    avatar_url: `${links.html}/${login}.png`,
    html_url: `${links.html}/${login}`,
    description: null,
    type: "Organization",
  };
}

/** Each address of a repository is its own with such an end. */
const ends = {
  archive_url: "/{archive_format}{/ref}",
  assignees_url: "/assignees{/user}",
  blobs_url: "/git/blobs{/sha}",
  branches_url: "/branches{/branch}",
  collaborators_url: "/collaborators{/collaborator}",
  comments_url: "/comments{/number}",
  commits_url: "/commits{/sha}",
  compare_url: "/compare/{base}...{head}",
  contents_url: "/contents/{+path}",
  contributors_url: "/contributors",
  deployments_url: "/deployments",
  downloads_url: "/downloads",
  events_url: "/events",
  forks_url: "/forks",
  git_commits_url: "/git/commits{/sha}",
  git_refs_url: "/git/refs{/sha}",
  git_tags_url: "/git/tags{/sha}",
  hooks_url: "/hooks",
  issue_comment_url: "/issues/comments{/number}",
  issue_events_url: "/issues/events{/number}",
  issues_url: "/issues{/number}",
  keys_url: "/keys{/key_id}",
  labels_url: "/labels{/name}",
  languages_url: "/languages",
  merges_url: "/merges",
  milestones_url: "/milestones{/number}",
  notifications_url: "/notifications{?since,all,participating}",
  pulls_url: "/pulls{/number}",
  releases_url: "/releases{/id}",
  stargazers_url: "/stargazers",
  statuses_url: "/statuses/{sha}",
  subscribers_url: "/subscribers",
  subscription_url: "/subscription",
  tags_url: "/tags",
  teams_url: "/teams",
  trees_url: "/git/trees{/sha}",
} as const;

export type Shown = Pick<Repository, "id" | "name" | "private" | "fork" | "visibility">;

export function showRepository(repository: Shown, links: Links) {
  const url = `${links.api}/repos/${repository.name}`;
  const owner = ownerOf(repository.name);
  return {
    id: repository.id,
    node_id: `R_${repository.id}`,
    name: repository.name.slice(owner.length + 1),
    full_name: repository.name,
    private: repository.private,
    fork: repository.fork,
    visibility: repository.visibility,
    description: null,
    owner: showAccount(owner, 1, "User", links),
    html_url: `${links.html}/${repository.name}`,
    url,
    ...Object.fromEntries(Object.entries(ends).map(([field, end]) => [field, `${url}${end}`])),
  };
}
