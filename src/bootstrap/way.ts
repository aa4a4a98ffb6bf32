/** How an installation gets into a new container. */
export type Way =
  /** Typed at its console, through the API alone. */
  | { readonly kind: "console" }
  /** Over its network, with a key that is made for this once. */
  | { readonly kind: "ssh" }
  /** It comes in the container's own archive, so that nobody has to get in. */
  | { readonly kind: "rootfs"; readonly archive: Archive };

export interface Archive {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/** Of the daemon: a Debian package or a tarball. */
export type Package = { readonly form: "deb" | "tarball"; readonly sha256: string } & (
  | { readonly from: "file"; readonly bytes: Uint8Array }
  | { readonly from: "url"; readonly url: string }
);
