import { asInstanceName, type InstanceName, type Vmid } from "../domain/ids.ts";
import { type Fields, readSignedLine, type Signer, signedLine, withSignedLine } from "../domain/signed-line.ts";

/** `making`: whoever made it was cut short, and nothing in it counts. `updating`: it serves, and something new is on its way into it. */
export const containerPhases = ["making", "updating", "ready"] as const;
export type ContainerPhase = (typeof containerPhases)[number];

/** What the dispatcher's own container says of itself, in its description. */
export interface ContainerMarker {
  readonly instance: InstanceName;
  readonly phase: ContainerPhase;
  /** Of the installed package. */
  readonly package: string;
  /** A keyed sum over all files of the configuration: it tells whether they changed, and nothing about them. */
  readonly settings: string;
  /** The template that was fetched for it; null: it was there before. */
  readonly template: string | null;
}

export type ReadContainer =
  | { readonly kind: "none" }
  | { readonly kind: "forged"; readonly instance: string }
  | { readonly kind: "valid"; readonly marker: ContainerMarker };

export function describeContainer(marker: ContainerMarker, vmid: Vmid, signer: Signer): string {
  const words = `The container of dispatcher ${marker.instance}: made by \`dispatcher bootstrap\`, and removed by \`dispatcher bootstrap --uninstall\`.`;
  return `${words}\n${lineOf(marker, vmid, signer)}`;
}

/** The same description with another marker; lines that people added stay. */
export const withContainerMarker = (description: string, marker: ContainerMarker, vmid: Vmid, signer: Signer): string =>
  withSignedLine(description, lineOf(marker, vmid, signer)) ?? describeContainer(marker, vmid, signer);

export function readContainerMarker(description: string, vmid: Vmid, signer: Signer): ReadContainer {
  const read = readSignedLine(description, vmid, signer);
  if (read.kind !== "signed") return read;
  const marker = markerOf(read.fields);
  return marker === null ? { kind: "none" } : { kind: "valid", marker };
}

function lineOf(marker: ContainerMarker, vmid: Vmid, signer: Signer): string {
  const { instance, phase, settings, template } = marker;
  const fields = { dispatcher: instance, kind: "container", phase, package: marker.package, settings, template };
  return signedLine(fields, vmid, signer);
}

function markerOf(fields: Fields): ContainerMarker | null {
  const { dispatcher, kind, settings, template } = fields;
  const phase = containerPhases.find((known) => known === fields.phase);
  if (kind !== "container" || phase === undefined || typeof dispatcher !== "string") return null;
  if (typeof settings !== "string" || typeof fields.package !== "string") return null;
  if (typeof template !== "string" && template !== null) return null;
  return { instance: asInstanceName(dispatcher), phase, package: fields.package, settings, template };
}
