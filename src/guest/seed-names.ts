import { asVmid, type InstanceName, type Vmid } from "../domain/ids.ts";

/** The name of whatever we keep for one VMID: it tells whose it is and which guest's. */
export const fileNameOf = (instance: InstanceName, vmid: Vmid, ending: string): string =>
  `${instance}-${vmid}.${ending}`;

/** The VMID in a name that `fileNameOf` may have given; null for any other name. */
export function vmidIn(fileName: string, instance: InstanceName, ending: string): Vmid | null {
  if (!fileName.startsWith(`${instance}-`) || !fileName.endsWith(`.${ending}`)) return null;
  const digits = fileName.slice(instance.length + 1, -ending.length - 1);
  return /^[1-9]\d{2,8}$/.test(digits) ? asVmid(Number(digits)) : null;
}
