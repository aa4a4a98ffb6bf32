import { posix } from "node:path";
import { type IFileSystem, InMemoryFs } from "just-bash";
import { currentUser } from "./process.ts";

type Read = Parameters<IFileSystem["readFile"]>[1];
type Content = Parameters<IFileSystem["writeFile"]>[1];
type Write = Parameters<IFileSystem["writeFile"]>[2];

const bits = { read: 4, write: 2, pass: 1 } as const;

/** A guest's files with owners and modes, so that what a user may not read or write fails here as well. */
export class GuestFiles extends InMemoryFs {
  readonly #owners = new Map<string, string>();

  override async readFile(path: string, options?: Read): Promise<string> {
    await this.#demand(path, "read");
    return super.readFile(path, options);
  }

  override async readFileBuffer(path: string): Promise<Uint8Array> {
    await this.#demand(path, "read");
    return super.readFileBuffer(path);
  }

  override async readFileBytes(path: string): ReturnType<InMemoryFs["readFileBytes"]> {
    await this.#demand(path, "read");
    return super.readFileBytes(path);
  }

  override async writeFile(path: string, content: Content, options?: Write): Promise<void> {
    await this.#own(path, () => super.writeFile(path, content, options));
  }

  override async appendFile(path: string, content: Content, options?: Write): Promise<void> {
    await this.#own(path, () => super.appendFile(path, content, options));
  }

  override async mkdir(path: string, options?: Parameters<InMemoryFs["mkdir"]>[1]): Promise<void> {
    const made = !(await this.exists(path));
    await super.mkdir(path, options);
    if (made) this.#owners.set(path, currentUser());
  }

  ownerOf(path: string): string {
    return this.#owners.get(path) ?? "root";
  }

  chown(path: string, owner: string, recursive: boolean): void {
    this.#owners.set(path, owner);
    if (!recursive) return;
    for (const inner of this.getAllPaths()) {
      if (inner.startsWith(`${path}/`)) this.#owners.set(inner, owner);
    }
  }

  async mayWrite(path: string): Promise<boolean> {
    const subject = (await this.exists(path)) ? path : posix.dirname(path);
    return this.#allows(subject, "write");
  }

  /** The shell would make missing folders by itself; no operating system does. */
  async #own(path: string, write: () => Promise<void>): Promise<void> {
    const isNew = !(await this.exists(path));
    const folder = posix.dirname(path);
    if (isNew && !(await this.exists(folder))) {
      throw new Error(`ENOENT: no such file or directory, open '${path}'`);
    }
    if (!(await this.mayWrite(path))) throw new Error(`EACCES: permission denied, open '${path}'`);
    await write();
    if (isNew) this.#owners.set(path, currentUser());
  }

  async #demand(path: string, what: keyof typeof bits): Promise<void> {
    if (currentUser() === "root" || !(await this.exists(path))) return;
    if (!(await this.#allows(path, what))) throw new Error(`EACCES: permission denied, open '${path}'`);
  }

  async #allows(path: string, what: keyof typeof bits): Promise<boolean> {
    const user = currentUser();
    if (user === "root") return true;
    for (let folder = posix.dirname(path); folder !== "/"; folder = posix.dirname(folder)) {
      if (!(await this.#grants(folder, user, "pass"))) return false;
    }
    return this.#grants(path, user, what);
  }

  async #grants(path: string, user: string, what: keyof typeof bits): Promise<boolean> {
    if (path.startsWith("/dev/")) return true;
    const { mode } = await this.stat(path);
    const shift = this.ownerOf(path) === user ? 6 : 0;
    return ((mode >> shift) & bits[what]) !== 0;
  }
}
