import type { EventRule } from "../domain/events.ts";
import type { NodeName, StorageName } from "../domain/ids.ts";
import type { Delivery, Registration, Scope, TemplateRef } from "../domain/pool.ts";
import type { Secret } from "../domain/secret.ts";
import type { Ms } from "../domain/time.ts";
import type { VmidRange } from "../domain/vmids.ts";
import { at, type Read } from "./read.ts";
import type { SftpAddress } from "./sftp.ts";
import type { UserData } from "./user-data.ts";

/** A value as somebody wrote it: where, so that later checks can name the place, and what came of reading it. */
export interface Setting<T> {
  readonly where: string;
  readonly origin: "environment" | "file";
  readonly read: Read<T>;
}

/** All that makes a pool. Each setting comes from the file, or from the environment where the file leaves it out. */
export interface PoolSettings {
  readonly labels: Setting<readonly string[]>;
  readonly scope: Setting<Scope>;
  readonly events: Setting<EventRule>;
  readonly template: Setting<TemplateRef>;
  readonly nodes: Setting<readonly NodeName[]>;
  readonly storage: Setting<StorageName>;
  readonly range: Setting<VmidRange>;
  readonly prefix: Setting<string>;
  readonly resourcePool: Setting<string | null>;
  readonly clone: Setting<"linked" | "full">;
  readonly cloneStorage: Setting<StorageName | null>;
  readonly cores: Setting<number | null>;
  readonly memory: Setting<number | null>;
  readonly disk: Setting<number | null>;
  readonly network: Setting<string | null>;
  readonly max: Setting<number>;
  readonly delivery: Setting<Delivery["kind"]>;
  readonly snippetsDir: Setting<string>;
  /** Null: the folder is mounted here. */
  readonly sftp: Setting<SftpAddress | null>;
  readonly sftpKey: Setting<Secret | null>;
  readonly sftpHostKey: Setting<string | null>;
  /** Null: whatever the user-data template can use. */
  readonly registration: Setting<Registration | null>;
  readonly userData: Setting<UserData>;
  readonly runnerUser: Setting<string>;
  readonly idlePatience: Setting<Ms>;
  readonly bootDeadline: Setting<Ms>;
  readonly hardLifetime: Setting<Ms>;
}

export const setting = <T>(origin: "environment" | "file", where: string, read: Read<T>): Setting<T> => ({
  where,
  origin,
  read: at(where, read),
});
