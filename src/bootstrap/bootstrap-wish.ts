import type { InstanceName, NodeName } from "../domain/ids.ts";
import type { Secret } from "../domain/secret.ts";
import type { Signer } from "../domain/signed-line.ts";
import type { VmidRange } from "../domain/vmids.ts";
import type { Piece } from "../proxmox/setup/pieces.ts";
import type { InsideFile } from "./shell.ts";
import type { Package, Way } from "./way.ts";
import type { ContainerWish } from "./wish.ts";

/** All that is to be there in the end. */
export interface BootstrapWish {
  readonly instance: InstanceName;
  readonly node: NodeName;
  readonly container: ContainerWish;
  /** Of the guests: the container's own VMID lies outside of them. */
  readonly ranges: readonly VmidRange[];
  readonly way: Way;
  readonly package: Package;
  /** What PVE needs for the daemon's token; null: the operator has brought one. */
  readonly access: readonly Piece[] | null;
  /** Whether PVE's HA manager is to start it elsewhere when its node fails. */
  readonly ha: boolean;
  /** The operator's own token's. */
  readonly tokenSecret: Secret | null;
  /** The daemon's configuration, what is secret in it last. */
  readonly files: (tokenSecret: Secret) => readonly InsideFile[];
  /** Signs as the daemon will. */
  readonly signer: (tokenSecret: Secret) => Signer;
  /** Where the daemon answers inside of the container; null: nowhere. */
  readonly health: { readonly port: number } | null;
  /** Variables that a site's proxy needs. */
  readonly proxy: Readonly<Record<string, string>>;
}
