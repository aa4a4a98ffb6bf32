import type { SftpHost } from "../domain/pool.ts";
import { Secret } from "../domain/secret.ts";
import { type Folder, readIn } from "./files.ts";
import { bad, chain, good, type Read, type Reader } from "./read.ts";
import { quote } from "./readers.ts";

/** What an address of the form `sftp://user@host[:port]/absolute/folder` says. */
export interface SftpAddress extends Pick<SftpHost, "user" | "address" | "port"> {
  readonly folder: string;
}

/** Its text is not repeated in problems: people put passwords into addresses. */
export const sftpAddress: Reader<SftpAddress> = (text) => {
  const form = "write sftp://user@host/absolute/folder, with :port behind the host where it is not 22";
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.protocol !== "sftp:" || url.hostname === "") return bad(`is no SFTP address; ${form}`);
  if (url.password !== "") return bad("holds a password; remove it, the private key is what logs in");
  if (url.username === "") return bad(`names no user; ${form}`);
  if (url.search !== "" || url.hash !== "") return bad('has something after "?" or "#"; remove it');
  const folder = decoded(url.pathname).replace(/\/+$/, "");
  if (folder === "") return bad(`names no folder; ${form}`);
  const address = url.hostname.replace(/^\[|\]$/g, "");
  return good({ user: decoded(url.username), address, port: Number(url.port || 22), folder });
};

/** As ssh-keygen prints it: SHA-256, in base64 without padding. */
export const hostKey: Reader<string> = (text) => {
  if (/^SHA256:[A-Za-z0-9+/]{43}=?$/.test(text)) return good(text.replace(/=$/, ""));
  const print = "`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on that host prints it, beginning with SHA256:";
  return /^(ssh|ecdsa)-/.test(text)
    ? bad(`is the whole key; give its fingerprint: ${print}`)
    : bad(`${quote(text)} is no SHA-256 fingerprint; ${print}`);
};

export function privateKeyFile(path: string, folder: Folder): Read<Secret> {
  const file = readIn(folder, path);
  if (file.text === null) return bad(`no such file: ${file.path}; correct the path or create the file`);
  return chain(privateKeyIn(new Secret(file.text)), (key) => (key === null ? bad() : good(key)));
}

/** Whether it is a private key at all; what is in it is found out by who logs in with it. */
export function privateKeyIn(key: Secret | null): Read<Secret | null> {
  const text = key?.reveal() ?? null;
  if (text === null || /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]+-----END/.test(text)) return good(key);
  return /^(ssh|ecdsa)-\S+ \S+/.test(text)
    ? bad("is a public key; give the private one, the file of the same name without .pub")
    : bad("holds no private key; it must begin with -----BEGIN … PRIVATE KEY-----");
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
