import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { SftpHost } from "../../src/domain/pool.ts";
import { Secret } from "../../src/domain/secret.ts";
import { run } from "./tools.ts";

/** A real sshd on loopback, as an ordinary user's process with a host key of its own, that gives SFTP and nothing else. */
export interface Sshd {
  readonly host: SftpHost;
  /** Owned by the user who logs in. */
  readonly folder: string;
  /** A private key that is not in authorized_keys. */
  readonly strangerKey: Secret;
  /** Together with every session. */
  stop(): Promise<void>;
  start(): Promise<void>;
  signal(name: "SIGSTOP" | "SIGCONT"): void;
  close(): Promise<void>;
}

export async function startSshd(): Promise<Sshd> {
  const at = mkdtempSync(join(tmpdir(), "sshd-"));
  // As root, sshd would want directories of the system: then it becomes nobody.
  const me = userInfo();
  const nobody = { username: "nobody", uid: 65_534, gid: 65_534 };
  const { username, uid, gid } = me.uid === 0 ? nobody : me;
  const folder = join(at, "snippets");
  mkdirSync(folder);
  for (const name of ["host", "client", "stranger"]) {
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", join(at, name));
  }
  writeFileSync(join(at, "authorized_keys"), readFileSync(join(at, "client.pub")));
  const port = await freePort();
  writeFileSync(
    join(at, "sshd_config"),
    [
      "ListenAddress 127.0.0.1",
      `Port ${port}`,
      `HostKey ${join(at, "host")}`,
      `AuthorizedKeysFile ${join(at, "authorized_keys")}`,
      "PidFile none",
      "StrictModes no",
      // Without it sshd refuses accounts whose password it may not see.
      "UsePAM yes",
      "PasswordAuthentication no",
      "Subsystem sftp internal-sftp",
      "ForceCommand internal-sftp",
    ].join("\n"),
  );
  const privateKey = new Secret(readFileSync(join(at, "client"), "utf8"));
  const strangerKey = new Secret(readFileSync(join(at, "stranger"), "utf8"));
  const hostKey = /SHA256:\S+/.exec(run("ssh-keygen", "-lf", join(at, "host.pub")).toString())?.[0] ?? "";
  for (const name of [".", "snippets", "host", "authorized_keys", "sshd_config"]) chownSync(join(at, name), uid, gid);

  let child: ChildProcess | null = null;
  const start = async (): Promise<void> => {
    const path = execFileSync("sh", ["-c", "PATH=$PATH:/usr/sbin:/sbin command -v sshd"]).toString().trim();
    const started = spawn(path, ["-D", "-e", "-f", join(at, "sshd_config")], {
      stdio: ["ignore", "ignore", "pipe"],
      ...(me.uid === 0 ? { uid, gid } : {}),
    });
    child = started;
    const said: string[] = [];
    await new Promise<void>((resolve, reject) => {
      const lines = createInterface({ input: started.stderr ?? process.stdin });
      lines.on("line", (line) => {
        said.push(line);
        if (line.includes("Server listening on")) resolve();
      });
      started.once("exit", () => reject(new Error(`sshd ended: ${said.join("\n")}`)));
    });
  };
  const signal = (name: NodeJS.Signals): void => {
    if (child?.pid === undefined) return;
    // Each session has left the server's group and is a process of its own.
    for (const pid of [child.pid, ...descendantsOf(child.pid)]) process.kill(pid, name);
  };
  const stop = async (): Promise<void> => {
    if (child === null) return;
    const ended = new Promise((resolve) => child?.once("exit", resolve));
    signal("SIGKILL");
    await ended;
    child = null;
  };
  await start();
  return {
    host: { user: username, address: "127.0.0.1", port, privateKey, hostKey },
    folder,
    strangerKey,
    start,
    stop,
    signal,
    async close() {
      await stop();
      rmSync(at, { recursive: true, force: true });
    },
  };
}

function descendantsOf(pid: number): readonly number[] {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const children = all.filter((name) => parentOf(name) === pid).map(Number);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

function parentOf(name: string): number | null {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${name}/status`, "utf8"))?.[1]);
  } catch {
    // It ended meanwhile.
    return null;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (address !== null && typeof address === "object" ? resolve(address.port) : reject(address)));
    });
  });
}
