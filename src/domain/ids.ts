/** Names and numbers that must not be mixed up. A brand costs nothing at run time. */
declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

/** A guest's number in PVE, unique over a whole cluster, over VMs and containers. */
export type Vmid = Branded<number, "Vmid">;
export type NodeName = Branded<string, "NodeName">;
export type StorageName = Branded<string, "StorageName">;
/** The id of a PVE task. A clone's names the *source* guest. */
export type Upid = Branded<string, "Upid">;
/** A runner pool's name; PVE's own "pool" is always called resource pool. */
export type PoolName = Branded<string, "PoolName">;
/** `<prefix>-<nonce>`: the guest's name in PVE and its runner's name at GitHub. */
export type GuestName = Branded<string, "GuestName">;
/** Which dispatcher a guest belongs to. */
export type InstanceName = Branded<string, "InstanceName">;
/** `owner/name`. */
export type RepositoryName = Branded<string, "RepositoryName">;
export type RunnerId = Branded<number, "RunnerId">;
export type JobId = Branded<number, "JobId">;

export const asVmid = (value: number): Vmid => value as Vmid;
export const asNodeName = (value: string): NodeName => value as NodeName;
export const asStorageName = (value: string): StorageName => value as StorageName;
export const asUpid = (value: string): Upid => value as Upid;
export const asPoolName = (value: string): PoolName => value as PoolName;
export const asGuestName = (value: string): GuestName => value as GuestName;
export const asInstanceName = (value: string): InstanceName => value as InstanceName;
export const asRepositoryName = (value: string): RepositoryName => value as RepositoryName;
export const asRunnerId = (value: number): RunnerId => value as RunnerId;
export const asJobId = (value: number): JobId => value as JobId;
