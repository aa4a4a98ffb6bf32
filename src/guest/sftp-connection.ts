import { createHash } from "node:crypto";
import { connect as connectSocket, type Socket } from "node:net";
import ssh2, { type Client, type ParsedKey, type SFTPWrapper } from "ssh2";
import { DispatcherError, hasCode, messageOf } from "../domain/errors.ts";
import type { SftpHost } from "../domain/pool.ts";
import { type Clock, type Ms, SECOND, spell } from "../domain/time.ts";
import { systemCode } from "./folder-error.ts";

export interface SftpConnectionOptions {
  readonly host: SftpHost;
  readonly clock: Clock;
  /** For the connection, and for each call on it. */
  readonly deadline?: Ms;
}

/** One connection that all calls share: made when it is first needed, and again after it fell. */
export class SftpConnection {
  /** `user@address:port`, for messages. */
  readonly name: string;
  readonly #host: SftpHost;
  readonly #clock: Clock;
  readonly #deadline: Ms;
  #open: Promise<Session> | null = null;
  #busy = 0;

  constructor({ host, clock, deadline = 15 * SECOND }: SftpConnectionOptions) {
    const address = host.address.includes(":") ? `[${host.address}]` : host.address;
    this.name = `${host.user}@${address}:${host.port}`;
    this.#host = host;
    this.#clock = clock;
    this.#deadline = deadline;
  }

  /** A call that is not answered in time takes the connection along: what it did is unknown, and so is what would follow. */
  async call<T>(work: (sftp: SFTPWrapper) => Promise<T>): Promise<T> {
    const opening = this.#session();
    const session = await opening;
    this.#busy++;
    session.socket.ref();
    let giveUp: (reason: DispatcherError) => void = () => undefined;
    const fell = new Promise<never>((_, reject) => {
      giveUp = reject;
    });
    session.waiting.add(giveUp);
    try {
      return await this.#within(() => session.client.destroy(), Promise.race([work(session.sftp), fell]));
    } catch (error) {
      const broke = fallen.test(messageOf(error));
      if ((broke || hasCode(error, "timeout", "unavailable")) && this.#open === opening) this.#open = null;
      throw broke
        ? new DispatcherError("unavailable", `connection to ${this.name}: it broke off`, { cause: error })
        : error;
    } finally {
      session.waiting.delete(giveUp);
      this.#busy--;
      // An idle connection keeps no command from ending.
      if (this.#busy === 0) session.socket.unref();
    }
  }

  #session(): Promise<Session> {
    if (this.#open !== null) return this.#open;
    const opening = this.#connect(() => {
      if (this.#open === opening) this.#open = null;
    });
    this.#open = opening;
    opening.catch(() => {
      if (this.#open === opening) this.#open = null;
    });
    return opening;
  }

  async #connect(onClose: () => void): Promise<Session> {
    const { address, port, user, privateKey, hostKey } = this.#host;
    const key = keyOf(privateKey.reveal());
    const socket = connectSocket({ host: address, port });
    socket.setKeepAlive(true, 15 * SECOND);
    const client = new ssh2.Client();
    const waiting = new Set<(reason: DispatcherError) => void>();
    let seen = "";
    const ready = new Promise<Session>((resolve, reject) => {
      client.once("close", () => {
        onClose();
        const closed = new DispatcherError("unavailable", `connection to ${this.name}: it was closed`);
        for (const giveUp of waiting) giveUp(closed);
        reject(closed);
      });
      // For as long as the connection lives: an error that nobody hears would end the process.
      client.on("error", (error) => reject(this.#refusal(error, { seen, key })));
      socket.on("error", (error) => reject(this.#refusal(error, { seen, key })));
      client.once("ready", () =>
        client.sftp((error, sftp) => {
          if (error === undefined) return resolve({ client, sftp, socket, waiting });
          const remedy = `allow the user the subsystem sftp in that host's sshd_config`;
          reject(
            new DispatcherError("forbidden", `connection to ${this.name}: it gives no SFTP`, { cause: error, remedy }),
          );
        }),
      );
      client.connect({
        sock: socket,
        username: user,
        privateKey: privateKey.reveal(),
        readyTimeout: 0,
        hostVerifier: (shown: Buffer) => {
          seen = `SHA256:${createHash("sha256").update(shown).digest("base64").replace(/=+$/, "")}`;
          return seen === hostKey;
        },
      });
    });
    const cut = (): void => {
      client.destroy();
      socket.destroy();
    };
    try {
      return await this.#within(cut, ready);
    } catch (error) {
      cut();
      throw error;
    }
  }

  async #within<T>(cut: () => void, work: Promise<T>): Promise<T> {
    const done = new AbortController();
    const late = this.#clock.sleep(this.#deadline, done.signal).then(() => {
      cut();
      throw new DispatcherError("timeout", `connection to ${this.name}: no answer within ${spell(this.#deadline)}`);
    });
    late.catch(() => undefined);
    work.catch(() => undefined);
    try {
      return await Promise.race([work, late]);
    } finally {
      done.abort();
    }
  }

  #refusal(error: Error, { seen, key }: { readonly seen: string; readonly key: ParsedKey }): DispatcherError {
    const to = `connection to ${this.name}`;
    if (seen !== "" && seen !== this.#host.hostKey) {
      return new DispatcherError("untrusted", `${to}: its host key is ${seen}, and not ${this.#host.hostKey}`, {
        remedy: `if you know that this is the right host, set SNIPPETS_SFTP_HOST_KEY=${seen}`,
      });
    }
    if ("level" in error && error.level === "client-authentication") {
      const line = `${key.type} ${key.getPublicSSH().toString("base64")}`;
      return new DispatcherError("unauthorized", `${to}: it does not accept our key`, {
        cause: error,
        remedy: `add this line to .ssh/authorized_keys of ${this.#host.user} there: ${line}`,
      });
    }
    const code = systemCode(error);
    return new DispatcherError("unavailable", `${to}: ${reasons.get(code) ?? messageOf(error)}`, { cause: error });
  }
}

interface Session {
  readonly client: Client;
  readonly sftp: SFTPWrapper;
  readonly socket: Socket;
  /** Told when the connection is no more: the library leaves some calls without an answer then. */
  readonly waiting: Set<(reason: DispatcherError) => void>;
}

/** Of OpenSSH's own form, PEM or PuTTY's. */
function keyOf(text: string): ParsedKey {
  const parsed = ssh2.utils.parseKey(text);
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key !== undefined && !(key instanceof Error)) return key;
  // Its words name what is wrong with the form, never what is in the key.
  const cause = messageOf(key);
  const locked = /passphrase|encrypted/i.test(cause);
  throw new DispatcherError("invalid", `private key for SFTP: ${locked ? "it is locked by a passphrase" : cause}`, {
    remedy: locked
      ? "make one for dispatcher alone: ssh-keygen -t ed25519 -N '' -f snippets_sftp_key"
      : "give a private key that ssh-keygen made",
  });
}

/** What the library says of calls whose connection went away under them. */
const fallen = /no response from server|not connected/i;

const reasons: ReadonlyMap<string, string> = new Map([
  ["ECONNREFUSED", "nobody listens there"],
  ["ENOTFOUND", "there is no host of that name"],
  ["EAI_AGAIN", "its name cannot be looked up at the moment"],
  ["EHOSTUNREACH", "no way leads there"],
  ["ENETUNREACH", "no way leads there"],
  ["ETIMEDOUT", "it does not answer"],
  ["ECONNRESET", "it broke off"],
]);
