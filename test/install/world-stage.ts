import type { TestContext } from "node:test";
import { systemChance } from "../../src/app/system.ts";
import type { AuditEntry } from "../../src/emulator/audit.ts";
import { selfSigned } from "../../src/emulator/certificate.ts";
import type { MakeContainer } from "../../src/emulator/container.ts";
import { serve } from "../../src/emulator/serve.ts";
import { wallTime } from "../../src/emulator/time.ts";
import { createWorld, type WorldSpec } from "../../src/emulator/world.ts";

/** An emulated PVE and GitHub on real sockets, whose whole state lies open to the test. */
export async function worldStage(
  t: Pick<TestContext, "after">,
  spec: WorldSpec,
  options: { readonly speed?: number; readonly makeContainer?: MakeContainer } = {},
) {
  const { speed = 1, ...more } = options;
  const audit: AuditEntry[] = [];
  let githubUrl = "";
  const world = createWorld({
    spec,
    time: wallTime(speed),
    chance: systemChance,
    audit: (entry) => audit.push(entry),
    githubUrl: () => githubUrl,
    ...more,
  });
  const tls = await selfSigned(["localhost", "127.0.0.1"], new Date());
  const common = { address: "127.0.0.1", port: 0 } as const;
  const pve = await serve({ ...common, handler: world.pve, connect: world.connect, tls, profile: "pve" });
  const github = await serve({ ...common, handler: world.github, tls: null, profile: "plain" });
  githubUrl = github.url;
  t.after(async () => {
    await Promise.all([pve.close(), github.close()]);
    world.close();
  });
  return {
    state: world.behind.pve.state,
    audit,
    /** What became of jobs, in its order. */
    jobs: () => audit.flatMap((entry) => (entry.event === "job" ? [entry.what] : [])),
    tally: () => world.tally(),
    /** Of a dispatcher. */
    addresses: {
      PROXMOX_URL: pve.url,
      PROXMOX_FINGERPRINT: tls.fingerprint,
      GITHUB_API_URL: `${github.url}/api/v3`,
    },
  };
}
