/**
 * @peculiar/x509 resolves its parts through tsyringe, which refuses to load unless somebody has added these three
 * functions to `Reflect`. Imported before it, for its effect alone; a fuller implementation that is there already stays.
 */
type Metadata = Map<unknown, unknown>;

const known = new WeakMap<object, Metadata>();

const own = (key: unknown, target: object): unknown => known.get(target)?.get(key);

function inherited(key: unknown, target: object): unknown {
  for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const value = own(key, at);
    if (value !== undefined) return value;
  }
  return undefined;
}

function define(key: unknown, value: unknown, target: object): void {
  const metadata = known.get(target) ?? new Map<unknown, unknown>();
  known.set(target, metadata.set(key, value));
}

if (!("getMetadata" in Reflect)) {
  Object.assign(Reflect, { getMetadata: inherited, getOwnMetadata: own, defineMetadata: define });
}
