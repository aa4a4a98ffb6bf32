import { DispatcherError } from "../domain/errors.ts";

export interface Checksum {
  readonly algorithm: "sha256" | "sha512";
  /** Hex digits. */
  readonly value: string;
}

/** A cloud image that its distribution publishes, and where it publishes its checksums. */
export interface PublishedImage {
  readonly url: string;
  readonly sums: string;
  readonly algorithm: Checksum["algorithm"];
}

const debian = (release: string, number: number): PublishedImage => {
  const folder = `https://cloud.debian.org/images/cloud/${release}/latest`;
  // Not the image for clouds alone: its kernel lacks drivers that workflows expect.
  return { url: `${folder}/debian-${number}-generic-amd64.qcow2`, sums: `${folder}/SHA512SUMS`, algorithm: "sha512" };
};

const ubuntu = (release: string, number: string): PublishedImage => {
  const folder = `https://cloud-images.ubuntu.com/releases/${release}/release`;
  const url = `${folder}/ubuntu-${number}-server-cloudimg-amd64.img`;
  return { url, sums: `${folder}/SHA256SUMS`, algorithm: "sha256" };
};

export const publishedImages = {
  "debian-13": debian("trixie", 13),
  "debian-12": debian("bookworm", 12),
  "ubuntu-2404": ubuntu("noble", "24.04"),
  "ubuntu-2204": ubuntu("jammy", "22.04"),
} as const satisfies Record<string, PublishedImage>;

export type PublishedName = keyof typeof publishedImages;

export const isPublished = (name: string): name is PublishedName => Object.hasOwn(publishedImages, name);

/** The checksum that a publisher's list gives for the image. */
export function checksumIn(list: string, { url, sums, algorithm }: PublishedImage): Checksum {
  const name = url.slice(url.lastIndexOf("/") + 1);
  const digits = algorithm === "sha256" ? 64 : 128;
  for (const line of list.split("\n")) {
    const [, value, file] = /^([0-9a-f]+)\s+\*?(\S+)$/i.exec(line.trim()) ?? [];
    if (file === name && value?.length === digits) return { algorithm, value: value.toLowerCase() };
  }
  throw new DispatcherError("invalid", `checksum of ${name}: ${sums} does not list it`, {
    remedy: "give --url and --sha256 yourself",
  });
}

/** 64 or 128 hex digits. */
export function checksumOf(text: string): Checksum | null {
  const value = text.toLowerCase();
  if (/^[0-9a-f]{64}$/.test(value)) return { algorithm: "sha256", value };
  return /^[0-9a-f]{128}$/.test(value) ? { algorithm: "sha512", value } : null;
}

export const spellChecksum = ({ algorithm, value }: Checksum): string => `${algorithm}:${value}`;
