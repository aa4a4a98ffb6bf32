import { readFileSync } from "node:fs";
import { type PveSpec, pveSpec } from "../../src/emulator/pve/spec.ts";
import { contractFile } from "../contracts.ts";

export const secret = "00000000-1111-4222-8333-444444444444";

interface World {
  readonly "/access/users": readonly {
    userid: string;
    enable?: number;
    tokens?: { tokenid: string; privsep?: number }[];
  }[];
  readonly "/access/roles": readonly { roleid: string; privs: string }[];
  readonly "/access/acl": readonly { path: string; ugid: string; type: string; roleid: string; propagate: number }[];
  readonly "/storage": readonly { storage: string; content: string }[];
  readonly "/nodes": readonly { node: string; maxmem: number }[];
  readonly "/nodes/pve1/network": readonly { iface: string; type: string }[];
  readonly "/pools": readonly { poolid: string }[];
}

/** The recorded server before anyone called it: it had no guests, an image to import and a template for containers. */
export function recordedWorld(generation: "8.4" | "9.2", snippetsFolder: string): PveSpec {
  const world = (JSON.parse(readFileSync(contractFile("world.json"), "utf8")) as Record<string, World>)[generation];
  if (world === undefined) throw new Error(`world.json: no ${generation}`);
  const users = world["/access/users"];
  return pveSpec.parse({
    generation,
    nodes: world["/nodes"].map(({ node, maxmem }) => ({ name: node, memoryGiB: maxmem / 1024 ** 3 })),
    storages: world["/storage"].map(({ storage, content }) => ({
      name: storage,
      content: content.split(","),
      sizeGiB: 252,
      ...(storage === "lab" ? { snippetsFolder } : {}),
    })),
    bridges: world["/nodes/pve1/network"].filter(({ type }) => type === "bridge").map(({ iface }) => iface),
    resourcePools: world["/pools"].map(({ poolid }) => poolid),
    tokens: users.flatMap(({ userid, tokens = [] }) =>
      tokens.map(({ tokenid }) => ({
        id: `${userid}!${tokenid}`,
        secret,
        privileges: userid === "root@pam" ? "all" : "acl",
      })),
    ),
    // On the recorded server nothing cleaned up after the first rollbacks.
    durations: { cleanup: 0 },
    access: {
      users: users.map((user) => (user.userid === "gha@pve" ? { ...user, password: "labpassword" } : user)),
      roles: world["/access/roles"],
      acl: world["/access/acl"],
    },
    volumes: [
      { storage: "lab", name: "import/lab-debian12.qcow2", size: 2_621_440_000 },
      { storage: "lab", name: "vztmpl/debian-12-lab_12_amd64.tar.zst", size: 92_887_616 },
    ],
  });
}
