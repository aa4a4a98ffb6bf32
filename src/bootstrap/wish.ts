import { at, bad, chain, combine, good, type Read, type Reader } from "../config/read.ts";
import { gibibytes, mebibytes, quote, shaped, wholeNumber } from "../config/readers.ts";
import { asStorageName, asVmid, type StorageName, type Vmid } from "../domain/ids.ts";

/** The container as the operator wants it. */
export interface ContainerWish {
  /** Null: the first that is free outside of the guests' ranges. */
  readonly vmid: Vmid | null;
  readonly hostname: string;
  readonly storage: StorageName;
  readonly bridge: string;
  readonly cores: number;
  /** MiB. */
  readonly memory: number;
  readonly swap: number;
  /** GiB. */
  readonly disk: number;
  /** What PVE writes behind the bridge: `ip=dhcp`, or an address and its gateway. */
  readonly net: string;
  /** Where templates lie. */
  readonly templates: StorageName;
  /** A volume, or the name of a file on `templates`. */
  readonly template: string | null;
  readonly templateUrl: string | null;
  /** The unit's name. */
  readonly service: string;
  /** Where a tarball is installed. */
  readonly folder: string;
}

/** Every variable, with its default. */
const defaults = {
  CT_ID: "",
  CT_HOSTNAME: "dispatcher-1",
  CT_STORAGE: "local-lvm",
  CT_BRIDGE: "vmbr0",
  CT_CORES: "1",
  CT_MEMORY: "512",
  CT_SWAP: "0",
  CT_DISK: "4",
  CT_NET: "dhcp",
  CT_TEMPLATE: "",
  CT_TEMPLATE_URL: "",
  CT_TEMPLATE_STORAGE: "local",
  SERVICE_NAME: "dispatcher",
  DISPATCHER_DIR: "/opt/dispatcher",
} as const;

type Name = keyof typeof defaults;
export const containerVariables = Object.keys(defaults) as readonly Name[];

export function readContainerWish(env: Readonly<Record<string, string | undefined>>): Read<ContainerWish> {
  const text = (name: Name): string => env[name]?.trim() || defaults[name];
  const read = <T>(name: Name, reader: Reader<T>): Read<T> => at(name, reader(text(name)));
  const optional = <T>(name: Name, reader: Reader<T>): Read<T | null> =>
    text(name) === "" ? good(null) : read(name, reader);
  return combine<ContainerWish>({
    vmid: optional("CT_ID", (id) => numbered(100, 999_999_999, asVmid)(id)),
    hostname: read("CT_HOSTNAME", shaped(/^[a-z\d]([a-z\d-]{0,61}[a-z\d])?$/i, "host name", String)),
    storage: read("CT_STORAGE", storage),
    bridge: read("CT_BRIDGE", shaped(/^\w[\w.-]*$/, "bridge", String)),
    cores: read("CT_CORES", wholeNumber({ least: 1, most: 128 })),
    memory: read("CT_MEMORY", mebibytes),
    swap: read("CT_SWAP", wholeNumber({ least: 0, most: 1_048_576 })),
    disk: read("CT_DISK", gibibytes),
    net: read("CT_NET", network),
    templates: read("CT_TEMPLATE_STORAGE", storage),
    template: optional("CT_TEMPLATE", template),
    templateUrl: optional("CT_TEMPLATE_URL", (text) => chain(template(text), archiveUrl)),
    service: read(
      "SERVICE_NAME",
      shaped(/^[a-z][\w.@-]*$/i, "unit name", (name) => name.replace(/\.service$/, "")),
    ),
    folder: read("DISPATCHER_DIR", shaped(/^\/[\w./-]+$/, "absolute folder", String)),
  });
}

const archiveUrl = shaped(/^https?:\/\/\S+\.tar\.(gz|xz|zst)$/, "address of a .tar.gz, .tar.xz or .tar.zst", String);

const storage = shaped(/^[a-z][\w.-]*$/i, "storage name", asStorageName);

const numbered =
  <T>(least: number, most: number, brand: (value: number) => T): Reader<T> =>
  (text) => {
    const read = wholeNumber({ least, most })(text);
    return read.ok ? good(brand(read.value)) : read;
  };

/** `dhcp`, `10.0.0.5/24` or `10.0.0.5/24,gw=10.0.0.1`; the old name `ip=…` in front is fine. */
const network: Reader<string> = (text) => {
  const plain = text.replace(/^ip=/, "");
  return /^(dhcp|[\d.]+\/\d+(,gw=[\d.]+)?)$/.test(plain)
    ? good(`ip=${plain}`)
    : bad(`${quote(text)} is neither dhcp nor an address like 10.0.0.5/24,gw=10.0.0.1`);
};

/** Not from Debian 12: with its Node nothing would start. */
const template: Reader<string> = (text) =>
  /debian-(1[0-2]|\d)\b/.test(text)
    ? bad(
        `${quote(text)} is older than Debian 13: its nodejs is 18 or older, and dispatcher needs 20.19; take a debian-13 template`,
      )
    : good(text);
