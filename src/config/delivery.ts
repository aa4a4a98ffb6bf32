import type { Delivery } from "../domain/pool.ts";
import type { PoolSettings } from "./pool-settings.ts";
import { at, bad, chain, combine, good, type Read } from "./read.ts";

/** How the secret gets into a pool's guests. */
export function readDelivery(settings: PoolSettings): Read<Delivery> {
  const { delivery, storage, snippetsDir, sftp } = settings;
  const read = combine({ kind: delivery.read, storage: storage.read, folder: snippetsDir.read, address: sftp.read });
  return chain(read, ({ kind, storage, folder, address }): Read<Delivery> => {
    if (kind === "agent") return good({ kind });
    if (kind === "iso") return good({ kind, storage });
    if (address !== null && !hasOwnFolder(settings)) {
      const { folder, ...machine } = address;
      return chain(keysOf(settings), (keys) => good({ kind, storage, folder, host: { ...machine, ...keys } }));
    }
    return folder === ""
      ? at(snippetsDir.where, bad("is empty, but delivery by snippets needs the mounted snippets folder; name it"))
      : good({ kind, storage, folder, host: null });
  });
}

/** The setting that says where a pool's snippets go; null where they are not used. */
export function folderInUse(settings: PoolSettings): PoolSettings["snippetsDir" | "sftp"] | null {
  const { delivery, snippetsDir, sftp } = settings;
  if (!delivery.read.ok || delivery.read.value !== "snippets") return null;
  const remote = !(sftp.read.ok && sftp.read.value === null) && !hasOwnFolder(settings);
  return remote ? sftp : snippetsDir;
}

/** A pool of the file that names a mounted folder means it, whatever the environment says of SFTP. */
const hasOwnFolder = ({ snippetsDir, sftp }: PoolSettings): boolean =>
  snippetsDir.origin === "file" && sftp.origin === "environment";

/** Without the pinned key the secret would go to whoever answers there. */
function keysOf({ sftp, sftpKey, sftpHostKey, snippetsDir }: PoolSettings) {
  const inFile = sftp.origin === "file";
  const needs = (name: string, why: string): Read<never> =>
    at(sftp.where, bad(`needs ${inFile ? `${name.toLowerCase()} or ${name}` : name} as well: ${why}`));
  const both = inFile && snippetsDir.origin === "file";
  const one = both ? at(sftp.where, bad("stands beside snippets_dir; keep one of them")) : good(true);
  const privateKey = chain(sftpKey.read, (key) =>
    key === null ? needs("SNIPPETS_SFTP_KEY_FILE", "the path of the private key to log in with") : good(key),
  );
  const hostKey = chain(sftpHostKey.read, (key) =>
    key === null
      ? needs(
          "SNIPPETS_SFTP_HOST_KEY",
          "the fingerprint that `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` prints",
        )
      : good(key),
  );
  return chain(combine({ one, privateKey, hostKey }), ({ privateKey, hostKey }) => good({ privateKey, hostKey }));
}
