import { type RunnerPool, storeNameOf } from "../domain/pool.ts";
import { inRange, overlap, spellRange, type VmidRange } from "../domain/vmids.ts";
import { folderInUse, readDelivery } from "./delivery.ts";
import type { Environment, VariableName } from "./environment.ts";
import { readEvents } from "./events.ts";
import { poolName } from "./names.ts";
import { readPool } from "./pool.ts";
import { entrySettings } from "./pool-entry.ts";
import { type PoolSettings, type Setting, setting } from "./pool-settings.ts";
import type { PoolsFile } from "./pools-file.ts";
import { at, bad, each, type Read } from "./read.ts";
import { quote } from "./readers.ts";

/** A pool's settings, and how problems name the pool. */
export interface Draft {
  readonly where: string;
  readonly name: string;
  readonly settings: PoolSettings;
}

/** The file's pools, each on top of the defaults; without any, the defaults make the pool `default`. */
export function draftsOf(environment: PoolSettings, file: PoolsFile | null): readonly Draft[] {
  const defaults = { ...environment, ...policySettings(file) };
  if (file?.shape.pools === undefined) return [{ where: "environment", name: "default", settings: defaults }];
  return file.shape.pools.map((entry, index) => {
    const where = `${file.name}: pools[${index}]`;
    return { where, name: entry.name, settings: { ...defaults, ...entrySettings(entry, where, file) } };
  });
}

/** What the file's policy says of all pools. */
function policySettings(file: PoolsFile | null): Partial<PoolSettings> {
  const events = file?.shape.policy?.events;
  return events === undefined ? {} : { events: setting("file", `${file?.name}: policy.events`, readEvents(events)) };
}

export function readFleet(drafts: readonly Draft[]): Read<readonly RunnerPool[]> {
  const pools = each(
    drafts.map(({ where, name, settings }) => readPool(at(`${where}.name`, poolName(name)), settings)),
  );
  // Also where a pool is bad in itself: its conflicts with others are told at once.
  const between = conflicts(drafts);
  if (!pools.ok) return bad(...pools.problems, ...between);
  return between.length > 0 ? bad(...between) : pools;
}

/** Whoever names the folder most likely comes from the time when snippets were the only way: it is said. */
export function unusedFolders(env: Environment, drafts: readonly Draft[]): readonly string[] {
  const given = ({ origin, where, read }: Setting<unknown>): boolean =>
    origin === "environment" ? env.given(where as VariableName) !== null : !read.ok || read.value !== null;
  const used = drafts.map(({ settings }) => folderInUse(settings)?.where);
  const unused = drafts.flatMap(({ settings }) => {
    const inUse = folderInUse(settings);
    const why =
      inUse === null
        ? `since delivery is ${kindOf(settings)}; ask for snippets to keep the folder in use`
        : `since ${inUse.where} says where snippets go; remove one of the two`;
    return [settings.snippetsDir, settings.sftp]
      .filter((folder) => given(folder) && !used.includes(folder.where))
      .map(({ where }) => `${where}: not used, ${why}`);
  });
  return [...new Set(unused)];
}

const kindOf = ({ delivery }: PoolSettings): string => (delivery.read.ok ? delivery.read.value : "not clear");

/** What is wrong between pools, whether or not each is right in itself. */
const conflicts = (drafts: readonly Draft[]): readonly string[] =>
  drafts.flatMap((one, index) => [
    ...drafts
      .slice(0, index)
      .flatMap((earlier) => [...sameName(one, earlier), ...sharedVmids(one, earlier), ...twoFolders(one, earlier)]),
    ...templateInReach(one, drafts),
  ]);

function sameName(one: Draft, earlier: Draft): readonly string[] {
  if (one.name.toLowerCase() !== earlier.name.toLowerCase()) return [];
  return [`${one.where}.name: ${quote(one.name)} names a pool above as well; rename one of them`];
}

function sharedVmids(one: Draft, earlier: Draft): readonly string[] {
  const [mine, theirs] = [rangeOf(one), rangeOf(earlier)];
  if (mine === null || theirs === null || !overlap(mine, theirs)) return [];
  const pair = `${spellRange(mine)} of pool ${quote(one.name)} overlap ${spellRange(theirs)} of pool ${quote(earlier.name)}`;
  return [`${one.where}: VMIDs ${pair}; give each pool vmids of its own`];
}

/** Seeds of one storage are looked for in one folder. */
function twoFolders(one: Draft, earlier: Draft): readonly string[] {
  const [mine, theirs] = [readDelivery(one.settings), readDelivery(earlier.settings)];
  if (!mine.ok || !theirs.ok || mine.value.kind !== "snippets" || theirs.value.kind !== "snippets") return [];
  if (storeNameOf(mine.value) !== storeNameOf(theirs.value) || mine.value.folder === theirs.value.folder) return [];
  const where = folderInUse(one.settings)?.where ?? one.where;
  const { storage, folder } = theirs.value;
  return [
    `${where}: storage ${storage} has its snippets in ${folder} for pool ${quote(earlier.name)}; name one folder`,
  ];
}

/** In a pool's range everything is there to be cloned into and removed. */
function templateInReach(one: Draft, drafts: readonly Draft[]): readonly string[] {
  const { where, read } = one.settings.template;
  if (!read.ok || read.value.kind === "name") return [];
  const { vmid } = read.value;
  return drafts.flatMap((draft) => {
    const range = rangeOf(draft);
    if (range === null || !inRange(vmid, range)) return [];
    const reach = `VMIDs ${spellRange(range)} of pool ${quote(draft.name)}`;
    return [`${where}: template ${vmid} is inside the ${reach}; move the range away from it`];
  });
}

const rangeOf = ({ settings }: Draft): VmidRange | null => (settings.range.read.ok ? settings.range.read.value : null);
