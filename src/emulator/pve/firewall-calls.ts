import { createHash } from "node:crypto";
import { needContainer } from "./container.ts";
import { aFlag, aText, maybe, oneOf } from "./formats.ts";
import { onGuest } from "./guest-calls.ts";
import type { Parameter, Parameters } from "./parameters.ts";
import { badParameters, failed } from "./refusal.ts";
import type { Call, Route } from "./router.ts";
import { needGuest } from "./state.ts";

/** What one guest's firewall is told. Nothing is filtered. */
export interface Firewall {
  readonly options: Map<string, string | number>;
  /** Comments, by name. */
  readonly sets: Map<string, string | null>;
}

const levels = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug", "nolog"] as const;
const settings: Parameters = {
  dhcp: maybe(aFlag),
  enable: maybe(aFlag),
  ipfilter: maybe(aFlag),
  log_level_in: maybe(oneOf(...levels)),
  log_level_out: maybe(oneOf(...levels)),
  macfilter: maybe(aFlag),
  ndp: maybe(aFlag),
  policy_in: maybe(oneOf("ACCEPT", "REJECT", "DROP")),
  policy_out: maybe(oneOf("ACCEPT", "REJECT", "DROP")),
  radv: maybe(aFlag),
};

const aDigest = { type: "string", maxLength: 64 } as const satisfies Parameter;
const setName = {
  type: "string",
  minLength: 2,
  maxLength: 64,
  pattern: /^[A-Za-z][A-Za-z0-9\-_]+$/,
} as const satisfies Parameter;

export const firewallCalls: readonly Route[] = (["qemu", "lxc"] as const).flatMap((kind): readonly Route[] => {
  const root = `/nodes/{node}/${kind}/{vmid}/firewall`;
  const of = (call: Call): Firewall => firewallOf(call, kind);
  return [
    {
      method: "GET",
      path: `${root}/options`,
      call: "firewall.options.read",
      needs: onGuest("VM.Audit"),
      answer: (call) => ({ data: { ...Object.fromEntries(of(call).options), digest: digestOf(of(call)) } }),
    },
    {
      method: "PUT",
      path: `${root}/options`,
      call: "firewall.options",
      parameters: { ...settings, delete: maybe({ type: "string", list: true }), digest: maybe(aDigest) },
      needs: onGuest("VM.Config.Network"),
      answer: (call) => {
        const { options } = unchanged(call, of(call));
        for (const name of (call.values.text("delete") ?? "").split(/[,;\s]+/)) options.delete(name);
        for (const [name, value] of call.values.entries()) if (Object.hasOwn(settings, name)) options.set(name, value);
        return { data: null };
      },
    },
    {
      method: "GET",
      path: `${root}/ipset`,
      call: "firewall.sets",
      needs: onGuest("VM.Audit"),
      answer: (call) => {
        const digest = digestOf(of(call));
        return {
          data: [...of(call).sets].map(([name, comment]) => ({
            name,
            digest,
            ...(comment === null ? {} : { comment }),
          })),
        };
      },
    },
    {
      method: "POST",
      path: `${root}/ipset`,
      call: "firewall.set.create",
      parameters: { name: setName, comment: maybe(aText), digest: maybe(aDigest), rename: maybe(setName) },
      needs: onGuest("VM.Config.Network"),
      answer: (call) => {
        const { sets } = unchanged(call, of(call));
        const name = call.values.text("name") ?? "";
        const before = call.values.text("rename");
        if (before !== undefined && !sets.has(before))
          throw badParameters({ name: `IPSet '${before}' does not exist` });
        if (before !== name && sets.has(name)) throw badParameters({ name: `IPSet '${name}' already exists` });
        const comment = call.values.text("comment") ?? sets.get(before ?? "") ?? null;
        if (before !== undefined) sets.delete(before);
        sets.set(name, comment);
        return { data: null };
      },
    },
    {
      method: "DELETE",
      path: `${root}/ipset/{name}`,
      call: "firewall.set.delete",
      parameters: { name: setName, force: maybe(aFlag) },
      needs: onGuest("VM.Config.Network"),
      answer: (call) => {
        of(call).sets.delete(call.values.text("name") ?? "");
        return { data: null };
      },
    },
  ];
});

/** It goes with its guest. */
function firewallOf({ state, node, vmid }: Call, kind: "qemu" | "lxc"): Firewall {
  const guest = kind === "qemu" ? needGuest(state, node, vmid) : needContainer(state, node, vmid);
  const there = state.firewalls.get(guest) ?? { options: new Map(), sets: new Map() };
  state.firewalls.set(guest, there);
  return there;
}

function unchanged({ values }: Call, firewall: Firewall): Firewall {
  const digest = values.text("digest");
  if (digest === undefined || digest === digestOf(firewall)) return firewall;
  throw failed("detected modified configuration - file changed by other user? Try again.");
}

const digestOf = ({ options, sets }: Firewall): string =>
  createHash("sha1")
    .update(JSON.stringify([[...options].sort(([a], [b]) => a.localeCompare(b)), [...sets]]))
    .digest("hex");
