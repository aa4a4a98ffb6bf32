import type { Admin } from "../../config/admin.ts";
import type { Secret } from "../../domain/secret.ts";
import type { BuildSource } from "./ask-building.ts";

/** How PVE is reached, and in whose name it is set up. */
export interface Door {
  /** With the administrator's login, or that of a token which is there already. */
  readonly admin: Admin;
  /** Whether resource pool, seeds storage, roles, user and token are to be made. */
  readonly setsUp: boolean;
  /** As dispatcher.env says it. */
  readonly url: string;
  readonly trust: Trusted;
  readonly tokenId: string;
  /** Null: it is made. */
  readonly tokenSecret: Secret | null;
}

export type Trusted =
  | { readonly variable: "PROXMOX_FINGERPRINT" | "PROXMOX_CA_CERT"; readonly value: string }
  | { readonly variable: null };

/** Where guests are made, and from what. */
export interface Place {
  readonly nodes: readonly string[];
  readonly template: string;
  /** Whether a template of that name is to be built: there is none. */
  readonly builds: "yes" | "no" | "is there";
  /** Null: as the template's. */
  readonly bridge: string | null;
  readonly fallbackBridge: string;
  /** Where templates are built. */
  readonly building: { readonly disks: string; readonly imports: string; readonly source: BuildSource };
  readonly seedStorage: string;
  readonly seedPath: string;
  readonly resourcePool: string;
  readonly vmids: string;
  readonly guestAgent: boolean;
}

/** Whose jobs get guests, and which. */
export interface Work {
  readonly apiUrl: URL;
  readonly token: Secret;
  /** Null: the runners of one repository. */
  readonly organisation: string | null;
  readonly repositories: readonly string[];
  readonly runnerGroup: string | null;
  readonly labels: readonly string[];
  readonly max: number;
  readonly listen: string;
}

export interface Answers {
  readonly door: Door;
  readonly place: Place;
  readonly work: Work;
}
