import { InMemoryFs } from "just-bash";
import type { LineDiscipline } from "./line-discipline.ts";

export interface RootOptions {
  readonly hostname: string;
  readonly password: string | null;
  readonly keys: string;
  readonly release: string;
}

/** A container's root file system and what has become of it. */
export class Root {
  readonly hostname: string;
  readonly files: InMemoryFs;
  readonly packages = new Set<string>();
  /** Lines that root's shell would leave in its history. */
  readonly history: string[] = [];
  keepsHistory = true;
  locked = false;
  enabled = false;
  active = false;
  /** Where `stty` takes hold. */
  terminal: LineDiscipline | null = null;
  readonly #password: string | null;

  constructor({ hostname, password, keys, release }: RootOptions) {
    this.hostname = hostname;
    this.#password = password;
    this.files = new InMemoryFs({
      "/etc/hostname": `${hostname}\n`,
      "/etc/os-release": `ID=debian\nVERSION_ID="${release}"\n`,
      ...(keys === "" ? {} : { "/root/.ssh/authorized_keys": keys }),
    });
    for (const folder of [
      "/root",
      "/tmp",
      "/run",
      "/opt",
      "/var/lib",
      "/usr/lib/systemd/system",
      "/etc/systemd/system",
    ]) {
      this.files.mkdirSync(folder, { recursive: true });
    }
  }

  logsIn(user: string, password: string): boolean {
    return user === "root" && !this.locked && this.#password !== null && password === this.#password;
  }

  async text(path: string): Promise<string | null> {
    return (await this.files.exists(path)) ? this.files.readFile(path) : null;
  }
}
