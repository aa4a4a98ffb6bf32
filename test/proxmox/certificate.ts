import { createHash, generateKeyPairSync, sign } from "node:crypto";

/** A self-signed certificate for a server on loopback, made afresh for each test. */
export interface Certificate {
  readonly key: string;
  readonly pem: string;
  readonly sha256: string;
}

export function selfSigned(names: { readonly ip?: readonly number[]; readonly dns?: string }): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ecdsaWithSha256 = seq(oid([0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]));
  const name = seq(der(0x31, seq(oid([0x55, 0x04, 0x03]), der(0x0c, Buffer.from("pve test")))));
  const validity = seq(der(0x18, Buffer.from("20200101000000Z")), der(0x18, Buffer.from("22000101000000Z")));
  const san = seq(
    ...(names.ip ? [der(0x87, Buffer.from(names.ip))] : []),
    ...(names.dns ? [der(0x82, Buffer.from(names.dns))] : []),
  );
  const tbs = seq(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    name,
    validity,
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, seq(seq(oid([0x55, 0x1d, 0x11]), der(0x04, san)))),
  );
  const signature = sign("sha256", tbs, privateKey);
  const cert = seq(tbs, ecdsaWithSha256, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const base64 = cert.toString("base64").replace(/.{64}/g, "$&\n");
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    pem: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
    sha256: createHash("sha256").update(cert).digest("hex"),
  };
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const seq = (...parts: readonly Buffer[]): Buffer => der(0x30, Buffer.concat(parts));
const oid = (bytes: readonly number[]): Buffer => der(0x06, Buffer.from(bytes));
