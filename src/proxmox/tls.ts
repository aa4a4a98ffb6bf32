import { isIP, type Socket } from "node:net";
import { connect, TLSSocket } from "node:tls";
import { Agent, buildConnector, fetch as undiciFetch } from "undici";
import { DispatcherError, messageOf } from "../domain/errors.ts";
import { SECOND } from "../domain/time.ts";
import { causesOf, codeIn, NotConnected } from "./errors.ts";
import type { Fetch } from "./http.ts";

/** How PVE's certificate is trusted. `none` must be asked for and is warned about. */
export type Trust =
  | { readonly kind: "system" }
  | { readonly kind: "ca"; readonly pem: string }
  /** SHA-256 of the certificate, as 64 lower-case hex digits. */
  | { readonly kind: "fingerprint"; readonly sha256: string }
  | { readonly kind: "none" };

/** PVE closes a connection that was idle for five seconds: a request sent at that moment would be lost. */
const idleFor = 4 * SECOND;
const connections = 16;
const connectTimeout = 10 * SECOND;

export function createFetch(trust: Trust): { fetch: Fetch; close(): Promise<void> } {
  const agent = createAgent(trust);
  return {
    async fetch(url, init) {
      try {
        return await undiciFetch(url, { ...init, redirect: "manual", dispatcher: agent });
      } catch (failure) {
        throw (await distrustOf(new URL(url), failure)) ?? failure;
      }
    },
    close: () => agent.close(),
  };
}

/** The connections alone, checked in the same way: for a websocket. */
export const createAgent = (trust: Trust): Agent =>
  new Agent({
    connections,
    // One request at a time on a connection: none can be lost behind another.
    pipelining: 1,
    keepAliveTimeout: idleFor,
    keepAliveMaxTimeout: idleFor,
    connect: connectorOf(trust),
  });

/** The SHA-256 fingerprint that the server shows, as `AB:CD:…`. No request is sent. */
export function fingerprintOf(url: URL): Promise<string> {
  return new Promise((resolve, reject) => {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const port = Number(url.port || 443);
    const socket = connect({ host, port, ...serverName(host), rejectUnauthorized: false, timeout: connectTimeout });
    const fail = (cause: unknown): void => {
      socket.destroy();
      reject(new DispatcherError("unavailable", `certificate of ${url.origin}: ${messageOf(cause)}`, { cause }));
    };
    socket.once("secureConnect", () => {
      const { fingerprint256 } = socket.getPeerCertificate();
      socket.destroy();
      resolve(fingerprint256);
    });
    socket.once("timeout", () => fail(new Error("no answer")));
    socket.once("error", fail);
  });
}

/** SNI carries names only, never addresses. */
const serverName = (host: string): { servername?: string } => (isIP(host) === 0 ? { servername: host } : {});

/** Every connection is checked in full: no session is taken up again. */
function connectorOf(trust: Trust): buildConnector.connector {
  const dial = buildConnector({ timeout: connectTimeout, maxCachedSessions: 0, ...checksOf(trust) });
  return (target, callback) =>
    dial(target, (...[error, socket]) => {
      if (error !== null) {
        callback(reasonFor(error) === null ? new NotConnected(error) : error, null);
        return;
      }
      // Nothing has been written yet: a server with another certificate never sees the token.
      const doubt = trust.kind === "fingerprint" ? doubtAbout(socket, trust.sha256, target) : null;
      if (doubt === null) {
        callback(null, socket);
        return;
      }
      socket.destroy();
      callback(doubt, null);
    });
}

function checksOf(trust: Trust): { ca?: string; rejectUnauthorized?: boolean } {
  switch (trust.kind) {
    case "system":
      return {};
    case "ca":
      return { ca: trust.pem };
    case "fingerprint":
    case "none":
      return { rejectUnauthorized: false };
  }
}

function doubtAbout(socket: Socket, sha256: string, target: buildConnector.Options): DispatcherError | null {
  const shown = socket instanceof TLSSocket ? socket.getPeerCertificate().fingerprint256 : undefined;
  if (shown !== undefined && shown.replaceAll(":", "").toLowerCase() === sha256) return null;
  const where = `PVE at ${target.protocol}//${target.host ?? target.hostname}`;
  return new DispatcherError(
    "untrusted",
    `${where}: its certificate shows fingerprint ${shown ?? "none"}, expected ${spellFingerprint(sha256)}`,
    {
      remedy: `if the certificate was renewed, compare the new one with what \`pvenode cert info\` prints on the node`,
    },
  );
}

/** Null when the failure is about something else than the certificate. */
async function distrustOf(url: URL, failure: unknown): Promise<DispatcherError | null> {
  const reason = causesOf(failure)
    .map(reasonFor)
    .find((found) => found !== null);
  if (reason === undefined || reason === null) return null;
  const shown = await fingerprintOf(url).catch(() => null);
  const wayOut = shown === null ? "" : `; if its SHA-256 fingerprint is ${shown}, set PROXMOX_FINGERPRINT=${shown}`;
  return new DispatcherError("untrusted", `PVE at ${url.origin}: ${reason}${wayOut}`, {
    cause: failure,
    remedy: "compare it with what `pvenode cert info` prints on the node",
  });
}

const spellFingerprint = (sha256: string): string => (sha256.toUpperCase().match(/../g) ?? []).join(":");

/** What OpenSSL and Node call a certificate that they refuse. */
const reasons: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate comes from an authority that is not trusted here",
  UNABLE_TO_GET_ISSUER_CERT: "its certificate comes from an authority that is not trusted here",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate comes from an authority that is not trusted here",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate comes from an authority that is not trusted here",
  CERT_SIGNATURE_FAILURE: "its certificate was not signed by the trusted authority",
  CERT_HAS_EXPIRED: "its certificate has expired",
  CERT_NOT_YET_VALID: "its certificate is not valid yet",
  CERT_REVOKED: "its certificate was revoked",
  CERT_UNTRUSTED: "its certificate is not trusted here",
  CERT_REJECTED: "its certificate is not trusted here",
  INVALID_CA: "its certificate was signed by something that is not an authority",
  INVALID_PURPOSE: "its certificate is not one for servers",
  HOSTNAME_MISMATCH: "its certificate is for another name",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another name",
};

const reasonFor = (error: unknown): string | null => reasons[codeIn(error)] ?? null;
