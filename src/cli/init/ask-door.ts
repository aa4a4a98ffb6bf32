import { proxmoxUrl } from "../../config/addresses.ts";
import { environmentOf } from "../../config/environment.ts";
import type { Folder } from "../../config/files.ts";
import { readTrust } from "../../config/proxmox.ts";
import { bad, chain, good, type Reader } from "../../config/read.ts";
import { quote, shaped } from "../../config/readers.ts";
import type { Door, Trusted } from "./answers.ts";
import type { Interview } from "./interview.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** How PVE is reached, and as whom. Null: the interview's problems say what is wrong. */
export async function askDoor(interview: Interview, env: Env, cwd: Folder): Promise<Door | null> {
  const url = await interview.ask({
    key: "proxmox_url",
    what: "Proxmox VE's address (https://pve1.example:8006)",
    reader: proxmoxUrl,
    fallback: env.PROXMOX_URL?.trim() || null,
  });
  const trusted = await interview.ask({
    key: "proxmox_trust",
    what: "how its certificate is checked: its SHA-256 fingerprint, a CA file, or system",
    reader: trustReader(cwd),
    fallback: env.PROXMOX_FINGERPRINT?.trim() || env.PROXMOX_CA_CERT?.trim() || "system",
  });
  const administrator = await interview.ask({
    key: "proxmox_admin",
    what: "administrator who sets PVE up (root@pam, or a token's root@pam!name); none where dispatcher has a token",
    reader: administratorReader,
    fallback: env.PROXMOX_ADMIN_TOKEN_ID?.trim() || env.PROXMOX_ADMIN_USER?.trim() || "none",
  });
  const tokenId = await interview.ask({
    key: "proxmox_token_id",
    what: "dispatcher's own token",
    reader: shaped(/^[\w.-]+@[a-z][\w.-]*![a-z][\w.-]*$/i, "token; write user@realm!name", String),
    fallback: env.PROXMOX_TOKEN_ID?.trim() || "dispatcher@pve!daemon",
  });
  const setsUp = administrator !== null && administrator !== "none";
  const adminSecret = setsUp
    ? await interview.askSecret({
        key: "proxmox_admin_secret",
        what: `the ${administrator.includes("!") ? "secret" : "password"} of ${administrator}`,
        variables: [administrator.includes("!") ? "PROXMOX_ADMIN_TOKEN_SECRET" : "PROXMOX_ADMIN_PASSWORD"],
        needed: true,
      })
    : null;
  const tokenSecret = await interview.askSecret({
    key: "proxmox_token_secret",
    what: setsUp ? "its secret, where the token is there already; nothing where it is to be made" : "its secret",
    variables: ["PROXMOX_TOKEN_SECRET"],
    needed: administrator === "none",
  });
  const id = setsUp ? administrator : tokenId;
  const secret = setsUp ? adminSecret : tokenSecret;
  if (url === null || trusted === null || administrator === null || id === null || secret === null) return null;
  const trust = readTrust(environmentOf(trustEnv(trusted)), cwd);
  if (!trust.ok) return null;
  const login = id.includes("!")
    ? ({ kind: "token", id, secret } as const)
    : ({ kind: "ticket", user: id, password: secret } as const);
  const admin = { url, trust: trust.value, login };
  const address = url.href.replace(/\/+$/, "");
  // One that cannot be used is a problem by now, so that nothing is made for it.
  return { admin, setsUp, url: address, trust: trusted, tokenId: tokenId ?? "", tokenSecret };
}

export const trustEnv = (trust: Trusted): Readonly<Record<string, string>> =>
  trust.variable === null ? {} : { [trust.variable]: trust.value };

function trustReader(cwd: Folder): Reader<Trusted> {
  return (text) => {
    const isFingerprint = /^[\da-f:\s]+$/i.test(text);
    const trusted: Trusted =
      text === "system"
        ? { variable: null }
        : { variable: isFingerprint ? "PROXMOX_FINGERPRINT" : "PROXMOX_CA_CERT", value: text };
    return chain(readTrust(environmentOf(trustEnv(trusted)), cwd), () => good(trusted));
  };
}

const administratorReader: Reader<string> = (text) =>
  text === "none" || /^[^\s:/!]+@[a-z][\w.-]*(![a-z][\w.-]*)?$/i.test(text)
    ? good(text)
    : bad(`${quote(text)} is neither user@realm, nor user@realm!token, nor none`);
