import { basename } from "node:path";
import type { PoolName } from "../domain/ids.ts";
import type { CloneMode, GuestSpec, Hardware, Registration, RunnerPool } from "../domain/pool.ts";
import { roomIn, spellRange } from "../domain/vmids.ts";
import { readDelivery } from "./delivery.ts";
import type { PoolSettings } from "./pool-settings.ts";
import { at, bad, chain, combine, good, type Read } from "./read.ts";
import { registrationFor } from "./user-data.ts";

/** One runner pool, from settings that each have been read; here they are held against each other. */
export function readPool(name: Read<PoolName>, settings: PoolSettings): Read<RunnerPool> {
  return combine<RunnerPool>({
    name,
    guest: guestOf(name, settings),
    labels: settings.labels.read,
    scope: settings.scope.read,
    events: settings.events.read,
    max: maxOf(settings),
    registration: registrationOf(settings),
    delivery: readDelivery(settings),
    userDataTemplate: chain(settings.userData.read, (file) => good(file.path)),
    runnerUser: settings.runnerUser.read,
    idlePatience: settings.idlePatience.read,
    bootDeadline: settings.bootDeadline.read,
    hardLifetime: settings.hardLifetime.read,
  });
}

function guestOf(name: Read<PoolName>, settings: PoolSettings): Read<GuestSpec> {
  return combine<GuestSpec>({
    pool: name,
    template: settings.template.read,
    nodes: settings.nodes.read,
    range: settings.range.read,
    prefix: settings.prefix.read,
    resourcePool: settings.resourcePool.read,
    clone: cloneOf(settings),
    hardware: combine<Hardware>({
      cores: settings.cores.read,
      memoryMiB: settings.memory.read,
      diskGiB: settings.disk.read,
      network: settings.network.read,
    }),
  });
}

/** PVE refuses a storage for a linked clone, since its disk stays beside the template's. */
function cloneOf({ clone, cloneStorage }: PoolSettings): Read<CloneMode> {
  return chain(combine({ kind: clone.read, storage: cloneStorage.read }), ({ kind, storage }): Read<CloneMode> => {
    if (kind === "full") return good({ kind, storage });
    const inherited = clone.origin === "file" && cloneStorage.origin === "environment";
    return storage === null || inherited
      ? good({ kind })
      : at(
          cloneStorage.where,
          bad("a linked clone lies on its template's storage; remove this, or ask for full clones"),
        );
  });
}

function maxOf({ max, range }: PoolSettings): Read<number> {
  if (!range.read.ok) return max.read;
  const room = roomIn(range.read.value);
  const spelled = spellRange(range.read.value);
  return chain(max.read, (value) =>
    value <= room
      ? good(value)
      : at(
          max.where,
          bad(
            `${value} runners need more than the ${room} VMIDs ${spelled} has for guests (the last one is kept for the lease); widen the range or lower this`,
          ),
        ),
  );
}

function registrationOf({ registration, userData, delivery }: PoolSettings): Read<Registration> {
  // Then no user-data is rendered, and the image takes either.
  if (delivery.read.ok && delivery.read.value === "agent")
    return chain(registration.read, (wanted) => good(wanted ?? "jit"));
  return chain(combine({ wanted: registration.read, file: userData.read }), ({ wanted, file }): Read<Registration> => {
    const possible = registrationFor(file);
    if (wanted !== "jit" || possible === "jit") return good(wanted ?? possible);
    const cause = `jit cannot work: user-data template ${basename(file.path)} uses a registration token; write token`;
    return at(registration.where, bad(cause));
  });
}
