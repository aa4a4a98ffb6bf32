import { z } from "zod";
import { asNodeName, asUpid, asVmid } from "../domain/ids.ts";
import { SECOND } from "../domain/time.ts";
import type { GuestSummary } from "./client.ts";
import { looksLikeUpid } from "./upid.ts";

/** What PVE's answers hold of the things that we read. Numbers may come as strings, keys that we do not know are left. */

export const number = z.union([
  z.number(),
  z
    .string()
    .regex(/^-?\d+(\.\d+)?$/)
    .transform(Number),
]);
export const flag = z
  .union([z.boolean(), z.literal([0, 1, "0", "1", ""])])
  .nullish()
  .transform((value) => value === true || value === 1 || value === "1");
export const text = z.union([z.string(), z.number().transform(String)]);
export const optionalText = text.nullish().transform((value) => value ?? null);
export const optionalNumber = number.nullish().transform((value) => value ?? null);
export const vmid = number.pipe(z.int().positive()).transform(asVmid);
export const node = z.string().min(1).transform(asNodeName);

export const upidData = z.string().refine(looksLikeUpid, "is not a UPID").transform(asUpid);
export const optionalUpidData = z.union([upidData, z.null()]);
export const ignoredData = z.unknown();

export const versionData = z.looseObject({ version: text, release: text });

export const nodesData = z.array(
  z.looseObject({ node, status: z.string(), mem: optionalNumber, maxmem: optionalNumber, cpu: optionalNumber }),
);

export const power = z
  .string()
  .transform((value): GuestSummary["status"] => (value === "running" || value === "stopped" ? value : "unknown"));
export const guest = {
  vmid,
  name: optionalText,
  status: power,
  template: flag,
  lock: optionalText,
  tags: text.nullish().transform((value) => (value ?? "").split(/[;,\s]+/).filter((tag) => tag !== "")),
};
export const resourcesData = z.array(
  z.looseObject({ ...guest, node, type: z.enum(["qemu", "lxc"]), pool: z.string().optional() }),
);
export const guestsData = z.array(z.looseObject(guest));

export const statusData = z.looseObject({
  status: power,
  qmpstatus: optionalText,
  lock: optionalText,
  template: flag,
  uptime: number.nullish().transform((value) => (value ?? 0) * SECOND),
  agent: flag,
});

export const configData = z.looseObject({ digest: z.string().min(1) });

export const nextIdData = number;

export const volumesData = z.array(
  z.looseObject({
    volid: z.string().min(1),
    size: number,
    ctime: number.nullish().transform((value) => (value === null || value === undefined ? null : value * SECOND)),
  }),
);

export const volumeInfoData = z.looseObject({
  format: z.string(),
  size: number,
  used: optionalNumber,
  path: optionalText,
});

export const taskStatusData = z.looseObject({ status: z.string(), exitstatus: z.string().nullish() });

/** PVE 8 answers with an object where the task is unknown. */
export const taskLogData = z.union([
  z.array(z.looseObject({ t: z.string().nullish() })).transform((lines) => lines.map((line) => line.t ?? "")),
  z.looseObject({}).transform((): string[] => []),
]);

export const tasksData = z.array(
  z.looseObject({ upid: upidData, status: z.string().nullish(), endtime: number.nullish() }),
);

export const poolsData = z.array(z.looseObject({ poolid: z.string().min(1), comment: optionalText }));

export const poolData = z.looseObject({
  members: z.array(z.looseObject({ type: z.string().nullish(), vmid: vmid.nullish() })),
});

export const permissionsData = z.record(z.string(), z.record(z.string(), number));
