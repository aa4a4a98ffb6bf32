import type { Fetch } from "../../../src/proxmox/http.ts";

interface User {
  comment: string;
  enable: number;
  tokens: { tokenid: string; privsep: number; comment: string }[];
}

/** As much of PVE's access control and lists as a set-up touches, with a log of what changed. */
export class FakeAccess {
  version = "9.2.1";
  storages: { storage: string; type: string; path: string; content: string }[] = [];
  readonly pools = new Map<string, string>();
  readonly roles = new Map<string, string>([["PVEAdmin", "VM.Audit"]]);
  readonly users = new Map<string, User>([["root@pam", { comment: "", enable: 1, tokens: [] }]]);
  acl: { path: string; roleid: string; type: string; ugid: string; propagate: number }[] = [];
  readonly changes: string[] = [];
  readonly headers: Record<string, string>[] = [];

  readonly fetch: Fetch = async (url, { method, headers, body }) => {
    this.headers.push(headers);
    const { pathname, searchParams } = new URL(url);
    const path = pathname.replace("/api2/json", "").split("/").slice(1).map(decodeURIComponent);
    const form = Object.fromEntries(body === undefined ? searchParams : new URLSearchParams(String(body)));
    if (pathname.endsWith("/access/ticket")) return this.#login(form);
    if (method !== "GET") this.changes.push(`${method} /${path.join("/")}`);
    try {
      const data = method === "GET" ? this.#read(path) : this.#change(method, path, form);
      return Response.json({ data });
    } catch (error) {
      return Response.json({ data: null, message: String(error) }, { status: 500, statusText: String(error) });
    }
  };

  #login(form: Record<string, string>): Response {
    return form.password === "correct horse" && form.username === "root@pam"
      ? Response.json({ data: { ticket: "PVE:root@pam:1::sig==", CSRFPreventionToken: "csrf", username: "root@pam" } })
      : Response.json({ data: null }, { status: 401, statusText: "authentication failure" });
  }

  #read(path: readonly string[]): unknown {
    switch (path.join("/")) {
      case "version":
        return { version: this.version, release: "x" };
      case "storage":
        return this.storages;
      case "pools":
        return [...this.pools].map(([poolid, comment]) => ({ poolid, comment }));
      case "access/roles":
        return [...this.roles].map(([roleid, privs]) => ({ roleid, privs, special: 0 }));
      case "access/users":
        return [...this.users].map(([userid, user]) => ({ userid, ...user }));
      case "access/acl":
        return this.acl;
      default:
        throw new Error(`no GET ${path.join("/")}`);
    }
  }

  #change(method: string, path: readonly string[], form: Record<string, string>): unknown {
    const [area, second = "", third = "", fourth, fifth = ""] = path;
    if (area === "storage") return this.#changeStorage(method, second, form);
    if (area === "pools")
      return method === "POST" ? this.#add(this.pools, form.poolid, form.comment) : this.pools.delete(second);
    if (second === "roles") {
      if (method === "POST") return this.#add(this.roles, form.roleid, form.privs);
      if (method === "PUT") return this.roles.set(third, form.privs ?? "") && null;
      this.acl = this.acl.filter(({ roleid }) => roleid !== third);
      return this.roles.delete(third) && null;
    }
    if (second === "acl") return this.#changeAcl(form);
    if (second === "users" && fourth === "token") return this.#changeToken(method, third, fifth, form);
    if (method === "POST")
      return this.#add(this.users, form.userid, { comment: form.comment ?? "", enable: 1, tokens: [] });
    if (method === "PUT") return Object.assign(this.users.get(third) ?? {}, { enable: Number(form.enable) }) && null;
    this.acl = this.acl.filter(({ ugid }) => ugid !== third);
    return this.users.delete(third) && null;
  }

  #add<T>(to: Map<string, T>, id: string | undefined, value: T | undefined): null {
    if (id === undefined || value === undefined) throw new Error("400 parameter verification failed");
    if (to.has(id)) throw new Error(`create failed: '${id}' already exists`);
    to.set(id, value);
    return null;
  }

  #changeStorage(method: string, id: string, form: Record<string, string>): unknown {
    const { storage = "", type = "", path = "", content = "" } = form;
    if (method === "POST") this.storages.push({ storage, type, path, content });
    if (method === "PUT") for (const one of this.storages) if (one.storage === id) one.content = content;
    if (method === "DELETE") this.storages = this.storages.filter((one) => one.storage !== id);
    return null;
  }

  #changeAcl({ path = "", roles: roleid = "", users, tokens, propagate, delete: gone }: Record<string, string>): null {
    if (!this.roles.has(roleid)) throw new Error(`role '${roleid}' does not exist`);
    const type = users === undefined ? "token" : "user";
    const ugid = users ?? tokens ?? "";
    if (!this.users.has(ugid.split("!")[0] ?? "")) throw new Error(`user '${ugid}' does not exist`);
    this.acl = this.acl.filter((one) => one.path !== path || one.roleid !== roleid || one.ugid !== ugid);
    if (gone !== "1") this.acl.push({ path, roleid, type, ugid, propagate: Number(propagate) });
    return null;
  }

  #changeToken(method: string, userid: string, tokenid: string, form: Record<string, string>): unknown {
    const user = this.users.get(userid);
    if (user === undefined) throw new Error(`no such user ('${userid}')`);
    const before = user.tokens.find((one) => one.tokenid === tokenid);
    const others = user.tokens.filter((one) => one.tokenid !== tokenid);
    if (method === "DELETE") user.tokens = others;
    else
      user.tokens = [
        ...others,
        { tokenid, privsep: Number(form.privsep), comment: form.comment ?? before?.comment ?? "" },
      ];
    return method === "POST" ? { "full-tokenid": `${userid}!${tokenid}`, value: "1b2c-secret", info: {} } : null;
  }
}
