import type { ProxmoxClient } from "./client.ts";
import type { PveHttp } from "./http.ts";
import { multipartOf } from "./multipart.ts";
import * as wire from "./wire.ts";

/** What concerns the volumes of a storage. */
export function storageCalls(http: PveHttp): Pick<ProxmoxClient, "upload" | "volumes" | "deleteVolume"> {
  return {
    async upload(node, storage, { content, name, bytes }, signal) {
      const parts = multipartOf([["content", content]], { name, bytes });
      return http.post(["nodes", node, "storage", storage, "upload"], { schema: wire.upidData, signal, parts });
    },

    async volumes(node, storage, content, signal) {
      const path = ["nodes", node, "storage", storage, "content"];
      const volumes = await http.get(path, { schema: wire.volumesData, signal, query: { content } });
      return volumes
        .map(({ volid, size, ctime }) => ({ volid, size, ctime }))
        .sort((a, b) => (a.volid < b.volid ? -1 : 1));
    },

    deleteVolume: (node, storage, volid, signal) =>
      http.delete(["nodes", node, "storage", storage, "content", volid], { schema: wire.optionalUpidData, signal }),
  };
}
