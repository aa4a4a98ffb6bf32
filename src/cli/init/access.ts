import { type AccessNames, wishedAccess } from "../../bootstrap/access-wish.ts";
import type { Tools } from "../../bootstrap/tools.ts";
import { DispatcherError } from "../../domain/errors.ts";
import { asNodeName } from "../../domain/ids.ts";
import type { Secret } from "../../domain/secret.ts";
import { findPieces } from "../../proxmox/setup/access.ts";
import { stateOf } from "../../proxmox/setup/difference.ts";
import type { Piece } from "../../proxmox/setup/pieces.ts";
import { setUp } from "../../proxmox/setup/setup.ts";
import type { Answers } from "./answers.ts";
import { isTemplateOf, type SiteFacts } from "./site.ts";

type Pve = Pick<Tools, "http" | "client">;

/** Makes what dispatcher's token needs and no more, and gives the token's secret to `onSecret` if it is a new one. */
export async function grant(
  pve: Pve,
  { door, place }: Answers,
  facts: SiteFacts,
  report: { readonly tell: (line: string) => void; readonly onSecret: (secret: Secret) => void },
  signal: AbortSignal,
): Promise<void> {
  const [user = "", token = ""] = door.tokenId.split("!");
  const names: AccessNames = {
    pool: place.resourcePool,
    seeds: place.seedStorage,
    seedsPath: place.seedPath,
    user,
    token,
  };
  const pieces = await wishedAccess(
    pve,
    {
      names,
      generation: facts.generation,
      extras: { snapshots: false, disk: false, agent: place.guestAgent, delivery: false },
      nodes: place.nodes.map(asNodeName),
      isTemplate: isTemplateOf(place.template),
      bridge: place.bridge ?? place.fallbackBridge,
      storages: [],
    },
    signal,
  );
  if (door.tokenSecret === null) await refuseKnownToken(pve, pieces, door.tokenId, signal);
  await setUp(pve.http, pieces, report, signal);
}

async function refuseKnownToken({ http }: Pve, pieces: readonly Piece[], id: string, signal: AbortSignal) {
  const found = await findPieces(http, signal);
  const isThere = pieces.some((piece) => piece.kind === "token" && stateOf(piece, found).kind !== "missing");
  if (!isThere) return;
  throw new DispatcherError("conflict", `token ${id}: it is there already, and PVE tells its secret only once`, {
    remedy: "give proxmox_token_secret if you have it, or another proxmox_token_id; or remove the token",
  });
}
