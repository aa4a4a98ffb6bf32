import { z } from "zod";
import type { HaState } from "../proxmox/ha-calls.ts";

/**
 * What a bootstrap has begun, kept beside the operator's dispatcher.env: written before the step that it names, so that
 * one that was killed is taken up or taken back, and because PVE shows a token's secret only once.
 */
export interface BootRecord {
  /** The token's, where the bootstrap made it. */
  readonly tokenSecret: string | null;
  /** The volume that it has PVE fetch, or uploads. */
  readonly template: string | null;
  readonly vmid: number | null;
  /** What PVE's HA manager was asked to do about the container, while it keeps its hands off. */
  readonly ha: HaState | null;
}

/** Its content is a secret: mode 0600. */
export interface RecordFile {
  /** Null: there is none. */
  read(): string | null;
  /** Replaced whole. */
  write(text: string): void;
  remove(): void;
}

const shape = z.object({
  tokenSecret: z.string().nullable(),
  template: z.string().nullable(),
  vmid: z.int().nullable(),
  ha: z.enum(["started", "stopped", "disabled"]).nullable().default(null),
});
const blank: BootRecord = { tokenSecret: null, template: null, vmid: null, ha: null };

export function readRecord(file: RecordFile): BootRecord {
  const text = file.read();
  if (text === null) return blank;
  try {
    return shape.parse(JSON.parse(text));
  } catch {
    // One that was torn names nothing: what it began is found by its marks.
    return blank;
  }
}

export function note(file: RecordFile, change: Partial<BootRecord>): void {
  const record = { ...readRecord(file), ...change };
  if (Object.values(record).every((value) => value === null)) file.remove();
  else file.write(`${JSON.stringify(record)}\n`);
}
