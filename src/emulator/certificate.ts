import "reflect-metadata";
import { createHash, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

export interface Certificate {
  /** PEM, as `cert` is. */
  readonly key: string;
  readonly cert: string;
  /** SHA-256 in upper-case hex with colons, as Node and PVE print it. */
  readonly fingerprint: string;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** Valid for ten years, for these names and for the machine itself. */
export async function selfSigned(hostnames: readonly string[], now: Date): Promise<Certificate> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const until = new Date(now);
  until.setUTCFullYear(until.getUTCFullYear() + 10);
  const names = [...new Set(["localhost", "127.0.0.1", ...hostnames])];
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${hostnames[0] ?? "localhost"}`,
    keys,
    notBefore: now,
    notAfter: until,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isAddress(value) ? ("ip" as const) : ("dns" as const), value })),
      ),
    ],
  });
  const secret = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    key: x509.PemConverter.encode(secret, "PRIVATE KEY"),
    cert: certificate.toString("pem"),
    fingerprint: fingerprintOf(certificate.rawData),
  };
}

const isAddress = (name: string): boolean => /^\d+(\.\d+){3}$/.test(name) || name.includes(":");

function fingerprintOf(der: ArrayBuffer): string {
  const digest = createHash("sha256").update(new Uint8Array(der)).digest("hex").toUpperCase();
  return digest.replace(/(..)(?=.)/g, "$1:");
}
