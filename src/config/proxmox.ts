import type { Secret } from "../domain/secret.ts";
import { proxmoxUrl } from "./addresses.ts";
import type { Config, Trust } from "./config.ts";
import type { Environment } from "./environment.ts";
import { type Folder, readIn } from "./files.ts";
import { at, bad, combine, good, present, type Read, type Reader } from "./read.ts";
import { quote } from "./readers.ts";

/** What is missing here is told by the caller, once for all required names. */
export function readProxmox(env: Environment, secret: Read<Secret | null>, cwd: Folder): Read<Config["proxmox"]> {
  return combine<Config["proxmox"]>({
    url: required("PROXMOX_URL", env, proxmoxUrl),
    tokenId: required("PROXMOX_TOKEN_ID", env, tokenId),
    tokenSecret: present(secret),
    trust: readTrust(env, cwd),
  });
}

/** A pinned certificate wins over a CA, and a CA over PROXMOX_VERIFY_SSL. */
export function readTrust(env: Environment, cwd: Folder): Read<Trust> {
  const pin = env.given("PROXMOX_FINGERPRINT");
  const ca = env.given("PROXMOX_CA_CERT");
  if (pin !== null) {
    const unused = ca === null ? [] : ["PROXMOX_CA_CERT: not used, since PROXMOX_FINGERPRINT is given"];
    const read = at("PROXMOX_FINGERPRINT", fingerprint(pin));
    return read.ok ? good(read.value, ...unused) : read;
  }
  if (ca !== null) return at("PROXMOX_CA_CERT", certificate(ca, cwd));
  return at("PROXMOX_VERIFY_SSL", verify(env.text("PROXMOX_VERIFY_SSL"), cwd));
}

function verify(text: string, cwd: Folder): Read<Trust> {
  if (/^(true|yes|on|1)$/i.test(text)) return good({ kind: "system" });
  if (/^(false|no|off|0)$/i.test(text)) {
    return good(
      { kind: "none" },
      "PVE's certificate is not checked, so anyone on the way can read the token; set PROXMOX_FINGERPRINT or PROXMOX_CA_CERT",
    );
  }
  return readIn(cwd, text).text === null
    ? bad(`${quote(text)} is neither true nor false, nor the path of a CA file`)
    : certificate(text, cwd);
}

function certificate(path: string, cwd: Folder): Read<Trust> {
  const { text } = readIn(cwd, path);
  if (text === null) return bad(`no such file: ${path}; PVE's own CA is /etc/pve/pve-root-ca.pem on each node`);
  return /-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/.test(text)
    ? good({ kind: "ca", pem: text })
    : bad(`${path} holds no certificate; it must be PEM, beginning with -----BEGIN CERTIFICATE-----`);
}

function fingerprint(text: string): Read<Trust> {
  const digits = text.replace(/[:\s]/g, "").toLowerCase();
  if (/^[\da-f]{64}$/.test(digits)) return good({ kind: "fingerprint", sha256: digits });
  const sha1 = /^[\da-f]{40}$/.test(digits) ? " (it looks like SHA-1)" : "";
  return bad(
    `${quote(text)} is not a SHA-256 fingerprint of 64 hex digits${sha1}; PVE shows it under node, Certificates`,
  );
}

/** Not repeated in problems: some paste the secret behind it. */
const tokenId: Reader<string> = (text) => {
  if (text.includes("=")) return bad("holds more than the id; what follows = belongs into PROXMOX_TOKEN_SECRET");
  return /^[^\s:/!]+@[a-z][\w.-]*![a-z][\w.-]*$/i.test(text)
    ? good(text)
    : bad("is not user@realm!name, for example dispatcher@pve!daemon");
};

function required<T>(name: "PROXMOX_URL" | "PROXMOX_TOKEN_ID", env: Environment, reader: Reader<T>): Read<T> {
  const text = env.given(name);
  return text === null ? bad() : at(name, reader(text));
}
