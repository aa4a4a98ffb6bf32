import pLimit, { type LimitFunction } from "p-limit";
import type { NodeName, StorageName } from "../domain/ids.ts";

/**
 * Four tasks at once per node give the best throughput; more of them only make every call slower. Work for a node and
 * work for a storage wait in different queues, so one may be asked for inside the other, but never inside its own.
 */
export interface Limits {
  onNode<T>(node: NodeName, work: () => Promise<T>): Promise<T>;
  /** An upload loads the node that takes it, also where several nodes share the storage. */
  onStorage<T>(node: NodeName, storage: StorageName, work: () => Promise<T>): Promise<T>;
  /** One at a time: a guest agent that does not answer holds one of the daemon's three workers for three seconds. */
  onAgent<T>(node: NodeName, work: () => Promise<T>): Promise<T>;
}

export const defaultLimits = { perNode: 4, perStorage: 4 } as const;

export function createLimits(options: { readonly perNode: number; readonly perStorage: number }): Limits {
  const nodes = queues<NodeName>(options.perNode);
  const storages = queues<string>(options.perStorage);
  const agents = queues<NodeName>(1);
  return {
    onNode: (node, work) => nodes(node)(work),
    onStorage: (node, storage, work) => storages(`${node} ${storage}`)(work),
    onAgent: (node, work) => agents(node)(work),
  };
}

function queues<K>(atOnce: number): (key: K) => LimitFunction {
  const known = new Map<K, LimitFunction>();
  return (key) => {
    const queue = known.get(key) ?? pLimit(atOnce);
    known.set(key, queue);
    return queue;
  };
}
