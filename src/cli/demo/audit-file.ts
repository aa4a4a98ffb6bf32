import { closeSync, openSync, readSync } from "node:fs";
import type { AuditRecord } from "../../emulator/audit.ts";

/** Follows an audit file that another process writes. */
export class AuditFile {
  readonly records: AuditRecord[] = [];
  readonly #path: string;
  #offset = 0;
  #rest = "";

  constructor(path: string) {
    this.#path = path;
  }

  /** Reads what has come since; a line that is not finished waits for the next time. */
  read(): void {
    const file = openSync(this.#path, "r");
    const buffer = Buffer.alloc(1 << 16);
    for (let n = readSync(file, buffer, 0, buffer.length, this.#offset); n > 0; ) {
      this.#offset += n;
      this.#rest += buffer.toString("utf8", 0, n);
      n = readSync(file, buffer, 0, buffer.length, this.#offset);
    }
    closeSync(file);
    const lines = this.#rest.split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.records.push(JSON.parse(line) as AuditRecord);
  }
}
