/** What PVE writes into a container that it makes. */
export interface NewContainer {
  readonly vmid: number;
  readonly hostname: string;
  /** Root's; null: nobody logs in with one. */
  readonly password: string | null;
  /** Lines of `authorized_keys`. */
  readonly keys: string;
  readonly archive: { readonly id: string; readonly bytes: Uint8Array };
}

/** One connection to a container's console. */
export interface Keyboard {
  type(bytes: Uint8Array): void;
  hangUp(): void;
}

/** A container's root file system, and what runs in it. */
export interface ContainerSystem {
  /** Of the host keys that PVE made for it. */
  readonly fingerprints: readonly string[];
  start(): Promise<void>;
  stop(): Promise<void>;
  destroy(): Promise<void>;
  /** With their prefix length, while it runs; null: those of the configuration. */
  addresses(): readonly string[] | null;
  /** `tty` asks who is there, `shell` does not. */
  console(mode: "tty" | "shell", print: (bytes: Uint8Array) => void): Keyboard;
}

/** Unpacks an archive. An error is what the creating task ends with. */
export type MakeContainer = (given: NewContainer) => Promise<ContainerSystem>;
