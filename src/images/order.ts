import type { NodeName, StorageName } from "../domain/ids.ts";
import type { ImageSource } from "../domain/images/template-marker.ts";
import type { Ms } from "../domain/time.ts";
import type { VmidRange } from "../domain/vmids.ts";
import type { Runner } from "./recipe.ts";
import { type Checksum, spellChecksum } from "./sources.ts";

/** Where the disk of a new template comes from. Always with a checksum, which PVE compares. */
export type CloudImage =
  | { readonly kind: "url"; readonly url: string; readonly checksum: Checksum }
  | {
      readonly kind: "file";
      readonly name: string;
      readonly checksum: Checksum;
      readonly read: () => Promise<Uint8Array>;
    };

/** A template that is to be built. */
export interface BuildOrder {
  readonly family: string;
  readonly node: NodeName;
  /** Templates' VMIDs, and those of runners' pools, which a build never touches. */
  readonly range: { readonly templates: VmidRange; readonly runners: readonly VmidRange[] };
  readonly resourcePool: string | null;
  /** For disks, for the image's file, for the seed. */
  readonly storages: { readonly disks: StorageName; readonly imports: StorageName; readonly seeds: StorageName };
  readonly cores: number;
  readonly memoryMiB: number;
  readonly diskGiB: number;
  /** PVE's `net0`. */
  readonly network: string;
  readonly image: CloudImage;
  readonly runner: Runner;
  readonly userData: string;
  /** A digest of all that goes into it. */
  readonly inputs: string;
  /** Also where the node has a generation of this family already. */
  readonly promote: boolean;
  /** What fails is left for a person to look at. */
  readonly keep: boolean;
  /** Within this time it is done, or given up. */
  readonly patience: Ms;
}

export function sourceOfOrder({ image }: BuildOrder): ImageSource {
  const checksum = spellChecksum(image.checksum);
  return image.kind === "url"
    ? { kind: "url", url: image.url, checksum }
    : { kind: "file", name: image.name, checksum };
}
