import { dirname } from "node:path/posix";
import type { SFTPWrapper } from "ssh2";
import { DispatcherError, messageOf } from "../domain/errors.ts";
import { systemCode } from "./folder-error.ts";
import { SftpConnection, type SftpConnectionOptions } from "./sftp-connection.ts";
import type { SnippetFiles } from "./snippet-files.ts";

/** A folder on another machine, by SFTP. Failures name machine and folder, except a missing file's `ENOENT`. */
export function createSftpFiles(options: SftpConnectionOptions): SnippetFiles {
  const connection = new SftpConnection(options);

  const call = async <T>(folder: string, work: (sftp: SFTPWrapper) => Promise<T>): Promise<T> => {
    try {
      return await connection.call(work);
    } catch (error) {
      if (systemCode(error) in systemErrors) throw error;
      throw remoteError(`snippets folder ${folder} at ${connection.name}`, error);
    }
  };

  return {
    create: (path, text) =>
      call(dirname(path), async (sftp) => {
        // A name that is taken is reported as a bare failure: nothing but a look tells it from others.
        const handle = await done<Buffer>((end) => sftp.open(path, "wx", { mode: 0o600 }, end)).catch(async (error) => {
          throw statusOf(error) === FAILURE && (await exists(sftp, path)) ? systemError("EEXIST", path) : error;
        });
        await closing(sftp, handle, async () => {
          const bytes = Buffer.from(text);
          if (bytes.length > 0) await done<void>((end) => sftp.write(handle, bytes, 0, bytes.length, 0, end));
          await synced(sftp, handle);
        });
      }),

    // The protocol's own rename refuses to replace a file; OpenSSH's extension does it in one step.
    rename: (from, to) => call(dirname(to), (sftp) => done<void>((end) => sftp.ext_openssh_rename(from, to, end))),

    wipe: (path) =>
      call(dirname(path), async (sftp) => {
        const handle = await missing(
          path,
          done<Buffer>((end) => sftp.open(path, "r+", end)),
        );
        await closing(sftp, handle, async () => {
          const { size } = await done<{ readonly size: number }>((end) => sftp.fstat(handle, end));
          const zeros = Buffer.alloc(size);
          if (size > 0) await done<void>((end) => sftp.write(handle, zeros, 0, size, 0, end));
          await synced(sftp, handle);
          await done<void>((end) => sftp.fsetstat(handle, { size: 0 }, end));
        });
      }),

    remove: (path) =>
      call(dirname(path), (sftp) =>
        missing(
          path,
          done<void>((end) => sftp.unlink(path, end)),
        ),
      ),

    list: (folder) =>
      call(folder, async (sftp) => {
        const entries = await done<readonly Entry[]>((end) => sftp.readdir(folder, end));
        return entries
          .filter(({ attrs }) => attrs.isFile())
          .map(({ filename, attrs }) => ({ name: filename, size: attrs.size }));
      }),
  };
}

interface Entry {
  readonly filename: string;
  readonly attrs: { readonly size: number; isFile(): boolean };
}

type End<T> = (error: Error | null | undefined, value: T) => void;

const done = <T>(start: (end: End<T>) => void): Promise<T> =>
  new Promise((resolve, reject) => start((error, value) => (error ? reject(error) : resolve(value))));

/** The handle is closed whatever happens; what happened first is what is told. */
async function closing(sftp: SFTPWrapper, handle: Buffer, work: () => Promise<void>): Promise<void> {
  const close = (): Promise<void> => done<void>((end) => sftp.close(handle, end));
  try {
    await work();
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
  await close();
}

const synced = (sftp: SFTPWrapper, handle: Buffer): Promise<void> =>
  done<void>((end) => sftp.ext_openssh_fsync(handle, end));

const exists = (sftp: SFTPWrapper, path: string): Promise<boolean> =>
  done((end) => sftp.lstat(path, end)).then(
    () => true,
    () => false,
  );

const missing = async <T>(path: string, work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    throw statusOf(error) === NO_SUCH_FILE ? systemError("ENOENT", path) : error;
  }
};

/** The numbers of SFTP's status answers. */
const NO_SUCH_FILE = 2;
const PERMISSION_DENIED = 3;
const FAILURE = 4;

const statusOf = (error: unknown): unknown => (error instanceof Error && "code" in error ? error.code : null);

const systemErrors = { ENOENT: "no such file", EEXIST: "the file exists" } as const;

const systemError = (code: keyof typeof systemErrors, path: string): Error =>
  Object.assign(new Error(`${code}: ${systemErrors[code]}: ${path}`), { code });

function remoteError(which: string, error: unknown): DispatcherError {
  if (error instanceof DispatcherError) {
    return new DispatcherError(error.code, `${which}: ${error.message}`, { ...error.details, cause: error });
  }
  const status = statusOf(error);
  if (status === NO_SUCH_FILE) {
    return new DispatcherError("not_found", `${which}: there is no such folder`, {
      cause: error,
      remedy: "correct the folder in the SFTP address; a storage's snippets lie in the folder snippets below its path",
    });
  }
  if (status === PERMISSION_DENIED) {
    return new DispatcherError("forbidden", `${which}: the user may not write there`, {
      cause: error,
      remedy: "give that user read and write permission on the folder",
    });
  }
  const remedy = "look for a full disk or a read-only file system there";
  // "Failure" is all that the server says of both.
  return status === FAILURE
    ? new DispatcherError("unavailable", `${which}: the server failed without a reason`, { cause: error, remedy })
    : new DispatcherError("unavailable", `${which}: ${messageOf(error)}`, { cause: error });
}
