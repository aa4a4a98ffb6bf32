import type { Hono } from "hono";
import type { Places } from "./access.ts";
import type { Links } from "./links.ts";
import { pageOf } from "./paging.ts";
import { notFound } from "./refusal.ts";
import type { Caller } from "./rest.ts";
import { ownerOf, type Repository, same } from "./state.ts";
import { showAccount, showOrganisation, showRepository } from "./wire-repositories.ts";
import { showGroup } from "./wire-runners.ts";

/** Who and what there is: the caller, repositories, organisations, runner groups. */
export function addPlaceRoutes(app: Hono<Caller>, places: Places, links: () => Links): void {
  app.get("/user", (c) => c.json(showAccount(c.var.access.token.login, 1, "User", links())));

  app.get("/repos/:owner/:repo", (c) => {
    const repository = c.var.access.repository(`${c.req.param("owner")}/${c.req.param("repo")}`);
    return c.json(showRepository(repository, links()));
  });

  app.get("/orgs/:org", (c) => c.json(showOrganisation(c.var.access.organisation(c.req.param("org")), links())));

  app.get("/orgs/:org/actions/runner-groups", (c) => {
    const organisation = c.var.access.runnersOf(c.req.param("org"));
    const seen = new URL(c.req.url).searchParams.get("visible_to_repository");
    const groups = organisation.groups.filter((group) => {
      if (seen === null || group.visibility !== "selected") return true;
      return group.repositories.some((name) => same(name, `${organisation.login}/${seen}`));
    });
    const page = pageOf(groups, new URL(c.req.url));
    const runner_groups = page.items.map((group) => showGroup(group, organisation, links()));
    return c.json({ total_count: groups.length, runner_groups }, 200, page.headers);
  });

  app.get("/orgs/:org/actions/runner-groups/:id", (c) => {
    const organisation = c.var.access.runnersOf(c.req.param("org"));
    const group = organisation.groups.find((g) => g.id === Number(c.req.param("id")));
    if (group === undefined) throw notFound();
    return c.json(showGroup(group, organisation, links()));
  });

  app.get("/orgs/:org/actions/runner-groups/:id/repositories", (c) => {
    const organisation = c.var.access.runnersOf(c.req.param("org"));
    const group = organisation.groups.find((g) => g.id === Number(c.req.param("id")));
    if (group === undefined) throw notFound();
    const selected = (repository: Repository): boolean =>
      same(ownerOf(repository.name), organisation.login) &&
      group.repositories.some((name) => same(name, repository.name));
    const found = places.repositories.filter(selected);
    const page = pageOf(found, new URL(c.req.url));
    const repositories = page.items.map((repository) => showRepository(repository, links()));
    return c.json({ total_count: found.length, repositories }, 200, page.headers);
  });
}
