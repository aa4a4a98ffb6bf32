import { Secret } from "../domain/secret.ts";
import { proxmoxUrl } from "./addresses.ts";
import type { Trust } from "./config.ts";
import { environmentOf } from "./environment.ts";
import type { Files } from "./files.ts";
import { readTrust } from "./proxmox.ts";
import { at, bad, combine, good, type Read } from "./read.ts";

/** Who sets PVE up: needed once, so that none of it has a place in dispatcher.env. */
export type AdminLogin =
  | { readonly kind: "token"; readonly id: string; readonly secret: Secret }
  | { readonly kind: "ticket"; readonly user: string; readonly password: Secret };

export interface Admin {
  readonly url: URL;
  readonly trust: Trust;
  readonly login: AdminLogin;
}

/** Null: no administrator is named. */
export function readAdmin(input: {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly files: Files;
  readonly cwd: string;
}): Read<Admin | null> {
  const login = readLogin(input.env);
  if (login.ok && login.value === null) return good(null);
  const env = environmentOf(input.env);
  const url = env.given("PROXMOX_URL");
  return combine<Admin>({
    url: at("PROXMOX_URL", url === null ? bad("is missing; write for example https://pve1:8006") : proxmoxUrl(url)),
    trust: readTrust(env, { files: input.files, path: input.cwd }),
    login: login.ok && login.value !== null ? good(login.value) : login.ok ? bad() : login,
  });
}

function readLogin(env: Readonly<Record<string, string | undefined>>): Read<AdminLogin | null> {
  const given = (name: string): string | null => env[name]?.trim() || null;
  const [id, secret] = [given("PROXMOX_ADMIN_TOKEN_ID"), given("PROXMOX_ADMIN_TOKEN_SECRET")];
  const [user, password] = [given("PROXMOX_ADMIN_USER"), given("PROXMOX_ADMIN_PASSWORD")];
  if (id !== null && user !== null) {
    return bad("PROXMOX_ADMIN_TOKEN_ID: stands beside PROXMOX_ADMIN_USER; keep one of the two logins");
  }
  if (id !== null && secret !== null) return good({ kind: "token", id, secret: new Secret(secret) });
  if (user !== null && password !== null) return good({ kind: "ticket", user, password: new Secret(password) });
  const half = [
    ...(id !== null || secret !== null ? ["PROXMOX_ADMIN_TOKEN_ID and PROXMOX_ADMIN_TOKEN_SECRET"] : []),
    ...(user !== null || password !== null ? ["PROXMOX_ADMIN_USER and PROXMOX_ADMIN_PASSWORD"] : []),
  ];
  return half.length === 0 ? good(null) : bad(`${half.join("; ")}: go together; set both`);
}
