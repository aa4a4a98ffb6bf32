import { z } from "zod";

const contents = ["images", "iso", "snippets", "vztmpl", "import", "rootdir", "backup"] as const;
export type Content = (typeof contents)[number];
export const isContent = (text: string): text is Content => (contents as readonly string[]).includes(text);

const name = z.string().regex(/^[a-zA-Z][a-zA-Z0-9._-]*$/, "a name starts with a letter and has no spaces");
const vmid = z.int().min(100).max(999_999_999);

const node = z.strictObject({
  name,
  memoryGiB: z.number().positive().default(64),
  online: z.boolean().default(true),
});

const storage = z.strictObject({
  name,
  content: z.array(z.enum(contents)).default([...contents]),
  shared: z.boolean().default(false),
  /** Where this storage's snippets lie on the machine that the emulator runs on. */
  snippetsFolder: z.string().startsWith("/", "the folder must be an absolute path").nullable().default(null),
  sizeGiB: z.number().positive().default(100),
  /** Its folder on the nodes. */
  path: z.string().startsWith("/", "the folder must be an absolute path").optional(),
});

const privileges = z.union([
  z.literal("all"),
  /** What the lists under `access` give it. */
  z.literal("acl"),
  z.array(z.strictObject({ path: z.string().startsWith("/"), privileges: z.array(z.string()) })),
]);

const token = z.strictObject({
  id: z.string().regex(/^[^\s:/!]+@[a-zA-Z][\w.-]*![a-zA-Z][\w.-]*$/, "a token is called user@realm!name"),
  secret: z.string().min(1),
  privileges: privileges.default("all"),
  /** As a token that only sees its resource pool: a missing guest, and one whose clone runs, are forbidden to it. */
  confined: z.boolean().default(false),
  deletesVolumes: z.boolean().default(true),
});

const flag = z.union([z.literal(0), z.literal(1)]);

/** Users, roles and lists, spelled as PVE's own API answers them. */
const access = z.object({
  users: z.array(
    z.object({
      userid: z.string(),
      enable: flag.default(1),
      expire: z.int().min(0).optional(),
      comment: z.string().optional(),
      email: z.string().optional(),
      /** What the user gets a ticket for; without one nobody logs in. */
      password: z.string().optional(),
      tokens: z
        .array(
          z.object({
            tokenid: z.string(),
            privsep: flag.default(1),
            expire: z.int().min(0).optional(),
            comment: z.string().optional(),
          }),
        )
        .default([]),
    }),
  ),
  /** PVE's own are added. */
  roles: z.array(z.object({ roleid: z.string(), privs: z.string() })).default([]),
  acl: z
    .array(
      z.object({
        path: z.string(),
        ugid: z.string(),
        type: z.enum(["user", "token", "group"]),
        roleid: z.string(),
        propagate: flag.default(1),
      }),
    )
    .default([]),
});

const guest = z.strictObject({
  vmid,
  name: name.optional(),
  /** The first node, where it is left out. */
  node: name.optional(),
  template: z.boolean().default(false),
  running: z.boolean().default(false),
  image: z.string().default("runner"),
  protection: z.boolean().default(false),
  lock: z.string().nullable().default(null),
  resourcePool: z.string().nullable().default(null),
  description: z.string().nullable().default(null),
  tags: z.array(z.string()).default([]),
  /** Where its disk lies: the first storage for images, where it is left out. */
  storage: name.optional(),
  cores: z.int().positive().default(2),
  memoryMiB: z.int().positive().default(2048),
  diskMiB: z.int().positive().default(8192),
  /** True for templates, where it is left out. */
  cloudInitDrive: z.boolean().optional(),
  config: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
});

const volume = z.strictObject({
  storage: name,
  /** With its folder, for example `iso/debian.iso`. */
  name: z
    .string()
    .regex(/^(iso|vztmpl|import|snippets)\/[^/]+$/, "a volume is called iso/…, vztmpl/…, import/… or snippets/…"),
  size: z.int().min(0).default(0),
});

const ms = z.number().min(0);
const durations = z.strictObject({
  clone: ms.default(350),
  fullClone: ms.default(4700),
  upload: ms.default(350),
  start: ms.default(800),
  stop: ms.default(500),
  shutdown: ms.default(1900),
  destroy: ms.default(300),
  deleteVolume: ms.default(50),
  resize: ms.default(100),
  configure: ms.default(50),
  snapshot: ms.default(1300),
  rollback: ms.default(1300),
  /** How long PVE 9 holds the lock file of a machine that ran when it was rolled back. */
  cleanup: ms.default(28_000),
});

const cluster = z.strictObject({
  generation: z.enum(["8.4", "9.2"]).default("9.2"),
  nodes: z
    .array(node)
    .min(1)
    .prefault([{ name: "pve1" }]),
  storages: z.array(storage).prefault([{ name: "local" }]),
  bridges: z.array(z.string()).default(["vmbr0"]),
  resourcePools: z.array(z.string()).default([]),
  tokens: z.array(token).prefault([{ id: "dispatcher@pve!main", secret: "11111111-2222-4333-8444-555555555555" }]),
  access: access.nullable().default(null),
  guests: z.array(guest).default([]),
  volumes: z.array(volume).default([]),
  /** Container templates that each node offers to fetch. */
  appliances: z
    .array(z.string())
    .default(["debian-12-standard_12.12-1_amd64.tar.zst", "debian-13-standard_13.1-2_amd64.tar.zst"]),
  durations: durations.prefault({}),
  /** How late `cluster/resources` shows a guest's name and status. */
  resourcesLagMs: ms.default(10_000),
  /** Foreign guests that get a copy of the first cloned guest's name and description. */
  copyMarkerTo: z.array(vmid).default([]),
});

/** A cluster as a world file describes it, in itself consistent. Durations are milliseconds of life. */
export const pveSpec = cluster.superRefine((spec, context) => {
  const known = {
    node: new Set(spec.nodes.map((n) => n.name)),
    storage: new Set(spec.storages.map((s) => s.name)),
    resourcePool: new Set(spec.resourcePools),
    guest: new Set(spec.guests.map((g) => g.vmid)),
  };
  const complain = (path: (string | number)[], message: string): void => {
    context.addIssue({ code: "custom", path, message });
  };
  if (known.guest.size < spec.guests.length) complain(["guests"], "two guests have one vmid: give each its own");
  for (const [at, { node: home, storage: disk, resourcePool }] of spec.guests.entries()) {
    const path = ["guests", at];
    if (home !== undefined && !known.node.has(home)) complain([...path, "node"], `add node ${home} under nodes`);
    if (disk !== undefined && !known.storage.has(disk)) complain([...path, "storage"], `add ${disk} under storages`);
    if (resourcePool !== null && !known.resourcePool.has(resourcePool)) {
      complain([...path, "resourcePool"], `add ${resourcePool} under resourcePools`);
    }
  }
  if (spec.guests.length > 0 && !spec.storages.some(({ content }) => content.includes("images"))) {
    complain(["storages"], "guests need a storage for their disks: give one the content images");
  }
  for (const [at, { storage: home }] of spec.volumes.entries()) {
    if (!known.storage.has(home)) complain(["volumes", at, "storage"], `add ${home} under storages`);
  }
  for (const [at, foreign] of spec.copyMarkerTo.entries()) {
    if (!known.guest.has(foreign)) complain(["copyMarkerTo", at], `add guest ${foreign} under guests`);
  }
});

export type PveSpec = z.infer<typeof pveSpec>;
export type GuestSpec = PveSpec["guests"][number];
export type TokenSpec = PveSpec["tokens"][number];
export type StorageSpec = PveSpec["storages"][number];
export type AccessSpec = NonNullable<PveSpec["access"]>;
export type NodeSpec = PveSpec["nodes"][number];
