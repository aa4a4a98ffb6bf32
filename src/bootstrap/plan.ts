import type { Vmid } from "../domain/ids.ts";
import { type Found, type State, stateOf } from "../proxmox/setup/difference.ts";
import { type Piece, spellPiece } from "../proxmox/setup/pieces.ts";
import type { BootstrapWish } from "./bootstrap-wish.ts";
import type { FoundContainer } from "./find.ts";
import type { HaWish } from "./ha.ts";
import type { TemplateSource } from "./template.ts";

/** What is to be done about the container. */
export type ContainerPlan =
  | { readonly kind: "make"; readonly vmid: Vmid; readonly template: TemplateSource }
  /** Somebody was cut short while he made it: nothing in it counts. */
  | { readonly kind: "remake"; readonly found: FoundContainer; readonly template: TemplateSource }
  | { readonly kind: "update"; readonly found: FoundContainer; readonly why: string }
  | { readonly kind: "start"; readonly found: FoundContainer }
  | { readonly kind: "right"; readonly found: FoundContainer };

export interface Plan {
  readonly access: readonly { readonly piece: Piece; readonly state: State }[];
  /** Its secret is lost, and PVE does not show it again. */
  readonly renewsToken: boolean;
  readonly container: ContainerPlan;
  /** What PVE's HA manager does not mind yet, and is to; a new daemon's lease is not there yet. */
  readonly ha: readonly HaWish[];
}

export const vmidOf = (plan: ContainerPlan): Vmid => (plan.kind === "make" ? plan.vmid : plan.found.vmid);

export function accessPlan(pieces: readonly Piece[] | null, found: Found | null): Plan["access"] {
  return found === null ? [] : (pieces ?? []).map((piece) => ({ piece, state: stateOf(piece, found) }));
}

export const changes = ({ access, renewsToken, container, ha }: Plan): boolean =>
  renewsToken || ha.length > 0 || container.kind !== "right" || access.some(({ state }) => state.kind !== "right");

/** For people: what is there, and what will be done. */
export function spellPlan({ access, renewsToken, container, ha }: Plan, wish: BootstrapWish): readonly string[] {
  return [
    ...access.map(({ piece, state }) => {
      if (state.kind === "right")
        return renewsToken && piece.kind === "token"
          ? `renew       ${spellPiece(piece)}: its secret is lost`
          : `is there    ${spellPiece(piece)}`;
      return state.kind === "missing"
        ? `make        ${spellPiece(piece)}`
        : `mend        ${spellPiece(piece)}: ${state.odds}`;
    }),
    ...containerLines(container, wish),
    ...ha.map(({ sid }) => `make        HA resource ${sid}`),
  ];
}

function containerLines(plan: ContainerPlan, wish: BootstrapWish): readonly string[] {
  const { hostname, cores, memory, disk, storage, bridge, net, service } = wish.container;
  const into = (vmid: Vmid): readonly string[] => [
    `make        container ${vmid} ${hostname} on ${wish.node}: ${cores} cores, ${memory} MiB, ${disk} GiB on ${storage}, ${bridge} ${net}, unprivileged`,
    wish.way.kind === "rootfs"
      ? `start       ${service}, which its archive holds`
      : `install     dispatcher by ${wish.way.kind}, and start ${service}`,
  ];
  switch (plan.kind) {
    case "make":
      return [templateLine(plan.template), ...into(plan.vmid)];
    case "remake":
      return [
        `remove      container ${plan.found.vmid}, which was never finished`,
        templateLine(plan.template),
        ...into(plan.found.vmid),
      ];
    case "update":
      return [
        `update      container ${plan.found.vmid} on ${plan.found.node}: ${plan.why}; it restarts twice, and jobs go on`,
      ];
    case "start":
      return [`start       container ${plan.found.vmid} on ${plan.found.node}`];
    case "right":
      return [`is there    container ${plan.found.vmid} on ${plan.found.node}`];
  }
}

function templateLine(source: TemplateSource): string {
  switch (source.kind) {
    case "there":
      return `is there    template ${source.volume}`;
    case "appliance":
      return `fetch       template ${source.volume}, from the node's list`;
    case "url":
      return `fetch       template ${source.volume}, from ${source.url}`;
    case "file":
      return `upload      template ${source.volume} (${Math.ceil(source.bytes.length / 1024 ** 2)} MiB)`;
  }
}
