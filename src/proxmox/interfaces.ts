import { z } from "zod";
import { number, optionalText, text } from "./wire.ts";

/** A network interface as the guest itself sees it, `lo` included. */
export interface NetworkInterface {
  readonly name: string;
  readonly mac: string | null;
  readonly addresses: readonly { readonly family: 4 | 6; readonly address: string; readonly prefix: number }[];
}

const address = z
  .looseObject({ "ip-address": z.string(), "ip-address-type": z.string(), prefix: number })
  .transform((read) => ({
    // The guest agent says `ipv6`, containers say `inet6`.
    family: read["ip-address-type"].endsWith("6") ? (6 as const) : (4 as const),
    address: read["ip-address"],
    prefix: read.prefix,
  }));

const whole = z.string().transform((value) => {
  const [host = "", prefix = ""] = value.split("/");
  return { address: host, prefix: Number(prefix) };
});

/** Releases of PVE 8 before 8.4 tell of a container only `inet` and `inet6`. */
export const interfacesData = z.array(
  z
    .looseObject({
      name: text,
      "hardware-address": optionalText,
      hwaddr: optionalText,
      "ip-addresses": z.array(address).nullish(),
      inet: whole.nullish(),
      inet6: whole.nullish(),
    })
    .transform((read): NetworkInterface => {
      const few = [
        ...(read.inet ? [{ family: 4 as const, ...read.inet }] : []),
        ...(read.inet6 ? [{ family: 6 as const, ...read.inet6 }] : []),
      ];
      return {
        name: read.name,
        mac: read["hardware-address"] ?? read.hwaddr,
        addresses: read["ip-addresses"] ?? few,
      };
    }),
);
