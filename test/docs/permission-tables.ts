import { commandOf } from "../../src/proxmox/setup/commands.ts";
import { piecesOf, type SetupOptions } from "../../src/proxmox/setup/pieces.ts";
import { type Extras, roleNeeds, type Target } from "../../src/proxmox/setup/roles.ts";

/** The parts of docs/permissions.md that follow from the roles in code. */
export const tables = {
  commands: () => commandLines().join("\n"),
  roles: () => roleLines().join("\n"),
} as const;

type TableName = keyof typeof tables;

/** What the document has between the marks of each table is replaced. */
export function withTables(document: string): string {
  let text = document;
  for (const name of Object.keys(tables) as TableName[]) {
    const [begin, end] = [`<!-- ${name}: by test/docs/write.ts -->\n`, `\n<!-- end of ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`docs/permissions.md: it has no place for ${name} (${begin.trim()})`);
    text = `${text.slice(0, from + begin.length)}\n${tables[name]()}\n${text.slice(to)}`;
  }
  return text;
}

const noExtras: Extras = { snapshots: false, disk: false, agent: false, delivery: false };

const example: SetupOptions = {
  generation: 9,
  extras: noExtras,
  pool: "runners",
  seeds: "seeds",
  seedsPath: "/var/lib/vz-seeds",
  templates: ["9000"],
  storages: ["local-lvm"],
  nodes: ["pve1"],
  bridges: ["vmbr0"],
  user: "dispatcher@pve",
  token: "daemon",
  privsep: false,
};

const commandLines = (): readonly string[] => piecesOf(example).map((piece) => `    ${commandOf(piece)}`);

/** Where each role is granted, in words. */
export const places = {
  template: "each template",
  pool: "the guests' resource pool",
  disks: "each storage of the templates' disks",
  seeds: "the seeds' storage",
  node: "each node",
  bridge: "each bridge",
} satisfies Record<Target, string>;

const options = {
  snapshots: "--with-snapshots",
  disk: "--with-disk",
  agent: "--with-agent",
  delivery: "--with-agent-delivery",
} satisfies Record<keyof Extras, string>;

/** Each privilege of a role on a line of its own. */
function roleLines(): readonly string[] {
  const rows = roleNeeds.flatMap(({ role, target, privileges }) =>
    privileges.map(({ name, need, generation, extra }) => {
      const granted = [
        extra === undefined ? "always" : `with \`${options[extra]}\``,
        ...(generation === undefined ? [] : [`on PVE ${generation}`]),
      ];
      return `| ${role} | ${places[target]} | ${name} | ${need} | ${granted.join(", ")} |`;
    }),
  );
  return ["| role | on | privilege | is | granted |", "|---|---|---|---|---|", ...rows];
}
