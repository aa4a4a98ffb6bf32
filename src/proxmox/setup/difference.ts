import { madeHere, type Piece } from "./pieces.ts";

/** What PVE has, as its lists say it. */
export interface Found {
  readonly storages: readonly {
    storage: string;
    type: string;
    path?: string | undefined;
    content?: string | undefined;
  }[];
  readonly pools: readonly { poolid: string; comment?: string | undefined }[];
  readonly roles: readonly { roleid: string; privs?: string | undefined }[];
  readonly users: readonly FoundUser[];
  readonly acl: readonly { path: string; roleid: string; type: string; ugid: string; propagate: boolean }[];
}

export interface FoundUser {
  readonly userid: string;
  readonly comment?: string | undefined;
  readonly enable: boolean;
  readonly tokens: readonly { tokenid: string; privsep: boolean; comment?: string | undefined }[];
}

/** `odds`: what differs, in words; a `blocked` piece is for a person to mend. */
export type State =
  | { readonly kind: "missing" }
  | { readonly kind: "right" }
  | { readonly kind: "differs"; readonly odds: string }
  | { readonly kind: "blocked"; readonly odds: string };

export function stateOf(piece: Piece, found: Found): State {
  switch (piece.kind) {
    case "storage": {
      const storage = found.storages.find((one) => one.storage === piece.id);
      if (storage === undefined) return missing;
      if (storage.type !== "dir" || storage.path !== piece.path) {
        return {
          kind: "blocked",
          odds: `it is of type ${storage.type} at ${storage.path ?? "no path"}, not dir at ${piece.path}; give --seeds another name, or --seeds-path its path`,
        };
      }
      return unless(
        listOf(storage.content).join() === "iso",
        `its content is ${storage.content ?? "nothing"}, not iso alone`,
      );
    }
    case "pool":
      return found.pools.some((one) => one.poolid === piece.id) ? right : missing;
    case "role": {
      const role = found.roles.find((one) => one.roleid === piece.id);
      if (role === undefined) return missing;
      const has = listOf(role.privs);
      const lacks = piece.privileges.filter((name) => !has.includes(name));
      const over = has.filter((name) => !piece.privileges.includes(name));
      const odds = [...lacks.map((name) => `lacks ${name}`), ...over.map((name) => `has ${name} too much`)];
      return unless(odds.length === 0, `it ${odds.join(", ")}`);
    }
    case "user": {
      const user = found.users.find((one) => one.userid === piece.id);
      return user === undefined ? missing : unless(user.enable, "it is disabled");
    }
    case "token": {
      const token = tokenOf(piece, found);
      const want = piece.privsep ? 1 : 0;
      return token === undefined ? missing : unless(token.privsep === piece.privsep, `its privsep is not ${want}`);
    }
    case "acl": {
      const entry = found.acl.find(
        ({ path, roleid, type, ugid }) =>
          path === piece.path && roleid === piece.role && type === piece.type && ugid === piece.id,
      );
      const want = piece.propagate ? 1 : 0;
      return entry === undefined
        ? missing
        : unless(entry.propagate === piece.propagate, `its propagate is not ${want}`);
    }
  }
}

/** Why something that is there stays when the set-up is undone; null: it goes. */
export function keptBecause(piece: Piece, found: Found, pieces: readonly Piece[]): string | null {
  switch (piece.kind) {
    case "storage": {
      const state = stateOf(piece, found);
      if (state.kind === "blocked" || state.kind === "differs") return state.odds;
      // A storage carries no mark of its own: it goes only with a resource pool that does.
      const pool = pieces.find((one) => one.kind === "pool");
      const why = pool === undefined ? "no resource pool" : keptBecause(pool, found, pieces);
      return why === null ? null : "nothing shows that it was made here; its files stay in any case";
    }
    case "pool":
      return unmarked(found.pools.find((one) => one.poolid === piece.id)?.comment);
    case "user": {
      const user = found.users.find((one) => one.userid === piece.id);
      const ours = pieces.flatMap((one) => (one.kind === "token" ? [one.name] : []));
      const others = user?.tokens.filter(({ tokenid }) => !ours.includes(tokenid)) ?? [];
      return others.length > 0 ? `it has another token: ${others[0]?.tokenid}` : unmarked(user?.comment);
    }
    case "token":
      return unmarked(tokenOf(piece, found)?.comment);
    case "role": {
      const mine = (entry: Found["acl"][number]): boolean =>
        pieces.some(
          (one) => one.kind === "acl" && one.path === entry.path && one.id === entry.ugid && one.role === entry.roleid,
        );
      const other = found.acl.find((entry) => entry.roleid === piece.id && !mine(entry));
      return other === undefined ? null : `${other.ugid} has it on ${other.path}`;
    }
    case "acl":
      return null;
  }
}

const missing: State = { kind: "missing" };
const right: State = { kind: "right" };
const unless = (isRight: boolean, odds: string): State => (isRight ? right : { kind: "differs", odds });
const unmarked = (comment: string | undefined): string | null =>
  comment === madeHere ? null : `its comment does not say "${madeHere}"`;
const listOf = (text: string | undefined): readonly string[] => (text ?? "").split(/[,\s]+/).filter(Boolean);

const tokenOf = (piece: Extract<Piece, { kind: "token" }>, found: Found) =>
  found.users.find((one) => one.userid === piece.user)?.tokens.find((one) => one.tokenid === piece.name);
