import { createHash } from "node:crypto";
import { SECOND } from "../domain/time.ts";
import type { ProxmoxClient } from "./client.ts";
import type { PveHttp } from "./http.ts";
import { multipartOf } from "./multipart.ts";
import * as wire from "./wire.ts";

/** What concerns the volumes of a storage. */
export function storageCalls(http: PveHttp): Pick<ProxmoxClient, "upload" | "volumes" | "volumeInfo" | "deleteVolume"> {
  return {
    async upload(node, storage, { content, name, bytes, sha256, deadline }, signal) {
      const fields = [
        ["content", content],
        ["checksum-algorithm", "sha256"],
        ["checksum", sha256 ?? createHash("sha256").update(bytes).digest("hex")],
      ] as const;
      const parts = multipartOf(fields, { name, bytes });
      const patience = deadline === undefined ? {} : { deadline };
      return http.post(["nodes", node, "storage", storage, "upload"], {
        schema: wire.upidData,
        signal,
        parts,
        ...patience,
      });
    },

    async volumes(node, storage, content, signal) {
      const path = ["nodes", node, "storage", storage, "content"];
      const volumes = await http.get(path, { schema: wire.volumesData, signal, query: { content } });
      return volumes
        .map(({ volid, size, ctime }) => ({ volid, size, ctime }))
        .sort((a, b) => (a.volid < b.volid ? -1 : 1));
    },

    async volumeInfo(node, storage, volid, signal) {
      const path = ["nodes", node, "storage", storage, "content", volid];
      const { format, size, used, path: place } = await http.get(path, { schema: wire.volumeInfoData, signal });
      return { format, size, used, path: place };
    },

    deleteVolume(node, storage, volid, signal, delay) {
      const path = ["nodes", node, "storage", storage, "content", volid];
      const query = delay === undefined ? {} : { delay: Math.ceil(delay / SECOND) };
      return http.delete(path, { schema: wire.optionalUpidData, signal, query });
    },
  };
}
