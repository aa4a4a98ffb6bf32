/** The medium in a CD drive: an image that somebody uploaded, or the files of PVE's own cloud-init drive. */
export type Medium =
  | { readonly kind: "image"; readonly bytes: Uint8Array }
  | { readonly kind: "cloudinit"; readonly files: ReadonlyMap<string, string> };

/** A virtual machine that PVE has started, as its operating system sees it. */
export interface Machine {
  readonly vmid: number;
  /** What is installed on its disk: the name of an image that the world knows. */
  readonly image: string;
  /** As PVE has it at the start. Left out: as any machine's. */
  readonly config?: ReadonlyMap<string, string | number>;
  /** The media in its IDE drives at this moment, by slot (`ide0` … `ide3`). An eject or another upload shows at once. */
  media(): ReadonlyMap<string, Medium>;
  /** What is installed on its disk from its next start on. */
  install?(image: string): void;
  /** The operating system turns the machine off. */
  powerOff(): void;
  /** Aborted when PVE stops or destroys the machine, or the guest powered it off. */
  readonly off: AbortSignal;
}

/** A program that the guest agent started. */
export type Executed =
  | { readonly running: true }
  | {
      readonly running: false;
      readonly exitCode: number;
      readonly signal: number | null;
      readonly output: string;
      readonly errors: string;
    };

/** What PVE reaches inside of a running machine: its guest agent. */
export interface GuestSystem {
  agentAnswers(): boolean;
  /** Null where there is no such file. */
  readFile(path: string): Promise<Uint8Array | null>;
  /** False where its folder does not exist. */
  writeFile(path: string, content: Uint8Array): Promise<boolean>;
  /** Starts a program and gives its process id; null where there is no such program. Left out: it has none. */
  execute?(command: readonly string[], input: string): Promise<number | null>;
  /** How it goes with a process, told once after its end; null for one that is not known. */
  executed?(pid: number): Promise<Executed | null>;
  /** Any other of the agent's commands, for example `network-get-interfaces`. Left out: PVE makes an answer up. */
  ask?(command: string): Promise<unknown>;
}

/** Switches a machine on: PVE calls it once per start. */
export type Boot = (machine: Machine) => GuestSystem;
