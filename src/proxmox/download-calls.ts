import { z } from "zod";
import type { NodeName, StorageName, Upid } from "../domain/ids.ts";
import type { PveHttp } from "./http.ts";
import { optionalText, text, upidData } from "./wire.ts";

export interface Download {
  readonly content: "iso" | "vztmpl" | "import";
  readonly url: string;
  /** What it is called on the storage. */
  readonly name: string;
  /** The task fails where the file has another one. */
  readonly sha256: string | null;
  /** For a publisher who signs no other. */
  readonly sha512?: string;
}

/** A container template that Proxmox or TurnKey offers. */
export interface Appliance {
  /** The file's name, which `downloadAppliance` wants. */
  readonly template: string;
  readonly os: string | null;
  readonly version: string | null;
  readonly section: string | null;
  readonly headline: string | null;
}

/** What a node fetches from elsewhere. */
export interface DownloadCalls {
  /** Over TLS the source's certificate is always verified. */
  downloadUrl(node: NodeName, storage: StorageName, file: Download, signal: AbortSignal): Promise<Upid>;
  /** As of the node's last update of the list. */
  appliances(node: NodeName, signal: AbortSignal): Promise<Appliance[]>;
  downloadAppliance(node: NodeName, storage: StorageName, template: string, signal: AbortSignal): Promise<Upid>;
}

export function downloadCalls(http: PveHttp): DownloadCalls {
  return {
    downloadUrl(node, storage, { content, url, name, sha256, sha512 }, signal) {
      const checksum =
        sha512 !== undefined
          ? { "checksum-algorithm": "sha512", checksum: sha512 }
          : sha256 === null
            ? {}
            : { "checksum-algorithm": "sha256", checksum: sha256 };
      const form = { content, url, filename: name, ...checksum };
      return http.post(["nodes", node, "storage", storage, "download-url"], { schema: upidData, signal, form });
    },

    async appliances(node, signal) {
      const offered = await http.get(["nodes", node, "aplinfo"], { schema: appliancesData, signal });
      return offered
        .map(({ template, os, version, section, headline }) => ({ template, os, version, section, headline }))
        .sort((a, b) => (a.template < b.template ? -1 : 1));
    },

    downloadAppliance: (node, storage, template, signal) =>
      http.post(["nodes", node, "aplinfo"], { schema: upidData, signal, form: { storage, template } }),
  };
}

const appliancesData = z.array(
  z.looseObject({
    template: text,
    os: optionalText,
    version: optionalText,
    section: optionalText,
    headline: optionalText,
  }),
);
