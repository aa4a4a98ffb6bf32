import { drivesOf } from "./drives.ts";
import { type Guest, memoryOf } from "./guest.ts";
import { isNine, type PveState } from "./state.ts";

type View = Record<string, unknown>;

/** What only a running machine shows: PVE asks its QEMU. */
export function runningView(state: PveState, guest: Guest): View {
  const memory = memoryOf(guest);
  const nine = isNine(state);
  const cards = [...guest.config.keys()].filter((name) => /^net\d+$/.test(name));
  const machine = nine ? "10.0" : "9.0";
  return {
    balloon: memory,
    ballooninfo: { actual: memory, max_mem: memory },
    blockstat: Object.fromEntries(drivesOf(guest.config).map(([slot]) => [slot, blockStatistics(nine)])),
    diskread: 0,
    diskwrite: 0,
    nics: Object.fromEntries(
      cards.map((name) => [`tap${guest.vmid}i${name.slice("net".length)}`, { netin: 0, netout: 0 }]),
    ),
    "proxmox-support": {
      "backup-max-workers": true,
      "pbs-dirty-bitmap": true,
      "pbs-dirty-bitmap-migration": true,
      "pbs-dirty-bitmap-savevm": true,
      "pbs-library-version": "1.4.1",
      "pbs-masterkey": true,
      "query-bitmap-info": true,
      ...(nine ? { "backup-access-api": true, "backup-fleecing": true } : {}),
    },
    "running-machine": `pc-i440fx-${machine}+pve0`,
    "running-qemu": `${machine}.2`,
  };
}

/** Once its operating system runs, it says how much memory it uses. */
export function balloonView(state: PveState, guest: Guest): View {
  const memory = memoryOf(guest);
  return {
    freemem: memory / 2,
    ballooninfo: {
      actual: memory,
      max_mem: memory,
      free_mem: memory / 2,
      total_mem: memory,
      last_update: Math.floor(state.time.now() / 1000),
      major_page_faults: 0,
      minor_page_faults: 0,
      mem_swapped_in: 0,
      mem_swapped_out: 0,
    },
  };
}

export const pressures = Object.fromEntries(
  ["cpufull", "cpusome", "iofull", "iosome", "memoryfull", "memorysome"].map((name) => [`pressure${name}`, 0]),
);

function blockStatistics(nine: boolean): View {
  const kinds = ["flush", "rd", "unmap", "wr", ...(nine ? ["zone_append"] : [])];
  const counts: View = {
    account_failed: true,
    account_invalid: true,
    timed_stats: [],
    wr_highest_offset: 0,
    idle_time_ns: 0,
  };
  for (const kind of kinds) {
    for (const name of [
      `${kind}_operations`,
      `${kind}_total_time_ns`,
      `failed_${kind}_operations`,
      `invalid_${kind}_operations`,
    ]) {
      counts[name] = 0;
    }
    if (kind === "flush") continue;
    counts[`${kind}_bytes`] = 0;
    counts[`${kind}_merged`] = 0;
  }
  return counts;
}
