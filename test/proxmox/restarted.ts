import { asInstanceName } from "../../src/domain/ids.ts";
import { Journal } from "../../src/engine/journal.ts";
import type { Site } from "../../src/engine/site.ts";
import { createLimits } from "../../src/proxmox/limits.ts";
import { createSite } from "../../src/proxmox/site.ts";
import { createTasks } from "../../src/proxmox/tasks.ts";
import type { lab } from "../lab.ts";

/** The site of the next process, which knows nothing but a journal. */
export function restarted({ client, clock, spec, signer }: ReturnType<typeof lab>, text: string | null): Site {
  const instance = asInstanceName("lab");
  const file = { read: () => text, append() {}, replace() {} };
  return createSite({
    client,
    tasks: createTasks(client, clock),
    limits: createLimits({ perNode: 4, perStorage: 4 }),
    clock,
    specs: [spec],
    ownership: { instance, signer, specs: [spec] },
    stores: [],
    tokenId: "dispatcher@pve!lab",
    journal: new Journal({ file, instance, clock, onTrouble: () => {} }),
  });
}
