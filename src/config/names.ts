import {
  asInstanceName,
  asNodeName,
  asPoolName,
  asRepositoryName,
  asStorageName,
  asVmid,
  type InstanceName,
  type NodeName,
  type PoolName,
  type RepositoryName,
  type StorageName,
  type Vmid,
} from "../domain/ids.ts";
import { longestPrefix } from "../domain/naming.ts";
import type { TemplateRef } from "../domain/pool.ts";
import { bad, chain, good, type Reader } from "./read.ts";
import { quote, shaped, wholeNumber } from "./readers.ts";

const dnsLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;

export const nodeName: Reader<NodeName> = shaped(
  dnsLabel,
  'node name (letters, digits and "-"); several nodes are listed in dispatcher.yaml',
  asNodeName,
);

export const storageName: Reader<StorageName> = shaped(
  /^[a-z][a-z0-9\-_.]*[a-z0-9]$/i,
  "storage name; it is what `pvesm status` lists, for example local",
  asStorageName,
);

export const resourcePoolName: Reader<string> = shaped(
  /^[\w.-]+(\/[\w.-]+){0,2}$/,
  'resource pool name (letters, digits and "-_.")',
  String,
);

export const poolName: Reader<PoolName> = shaped(
  /^[a-z0-9][\w.-]{0,39}$/i,
  'runner pool name (up to 40 letters, digits and "-_.")',
  asPoolName,
);

export const instanceName: Reader<InstanceName> = shaped(
  /^[a-z0-9-]{1,20}$/,
  'instance name (up to 20 lower-case letters, digits and "-")',
  asInstanceName,
);

export const prefix: Reader<string> = (text) => {
  if (!dnsLabel.test(text)) {
    return bad(`${quote(text)} is no DNS label; use letters, digits and "-", with "-" at neither end`);
  }
  return text.length <= longestPrefix
    ? good(text)
    : bad(`${quote(text)} has ${text.length} characters; at most ${longestPrefix} leave room for the rest of the name`);
};

/** The names that cloud images and the runner's own installer can live with. `root` is refused by the runner itself. */
export const runnerUser: Reader<string> = (text) =>
  text === "root"
    ? bad("the runner refuses to work as root; name an unprivileged user")
    : shaped(/^[a-z_][a-z0-9_-]{0,31}$/, "user name (lower-case letters, digits and -_)", String)(text);

export const repositoryName: Reader<RepositoryName> = (text) =>
  /^[a-z0-9][\w-]{0,38}\/[\w.-]{1,100}$/i.test(text) && !/\/\.{1,2}$/.test(text)
    ? good(asRepositoryName(text))
    : bad(`${quote(text)} is not owner/name`);

export const organisationName: Reader<string> = shaped(
  /^[a-z0-9][\w-]{0,38}$/i,
  "organisation name (as in https://github.com/NAME)",
  String,
);

export const vmid: Reader<Vmid> = (text) => chain(wholeNumber({ least: 100, most: 999_999_999 })(text), toVmid);

/** Digits alone are a VMID, anything else a name. */
export const template: Reader<TemplateRef> = (text) => (/^\d+$/.test(text) ? templateVmid(text) : templateName(text));

export const templateVmid: Reader<TemplateRef> = (text) => chain(vmid(text), (id) => good({ kind: "vmid", vmid: id }));

export const templateName: Reader<TemplateRef> = shaped(
  /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i,
  "template name; it is the name that PVE shows beside the VMID",
  (name) => ({ kind: "name", name }),
);

/** PVE's `net0`. A fixed MAC would be the same in every guest. */
export const network: Reader<string> = (text) => {
  const [model, ...options] = text.split(",");
  const models = ["virtio", "e1000", "e1000e", "rtl8139", "vmxnet3"];
  if (model !== undefined && models.includes(model) && options.some((option) => /^bridge=\S+$/.test(option))) {
    return good(text);
  }
  return model?.includes("=") === true && /^[0-9a-f:]{17}$/i.test(model.split("=")[1] ?? "")
    ? bad(`${quote(text)} names a MAC address, which all guests would share; leave it out`)
    : bad(`${quote(text)} is no network; write for example virtio,bridge=vmbr0,tag=20`);
};

const toVmid = (value: number) => good(asVmid(value));
