import { DispatcherError } from "../domain/errors.ts";
import { Secret } from "../domain/secret.ts";
import { findPieces, removePiece } from "../proxmox/setup/access.ts";
import { stateOf } from "../proxmox/setup/difference.ts";
import { type Piece, spellPiece } from "../proxmox/setup/pieces.ts";
import { removalOrder, setUp } from "../proxmox/setup/setup.ts";
import type { BootstrapWish } from "./bootstrap-wish.ts";
import type { Plan } from "./plan.ts";
import { note } from "./record.ts";
import type { Tools } from "./tools.ts";
import type { Undo } from "./undo.ts";

/** Makes what the daemon's token needs, and gives its secret: the operator's own, one that is known, or a new one. */
export async function grantAccess(
  tools: Tools,
  wish: BootstrapWish,
  { access, renewsToken }: Plan,
  known: Secret | null,
  undo: Undo,
  signal: AbortSignal,
): Promise<Secret> {
  const { http, record, tell } = tools;
  if (wish.access === null) return needed(known);
  const missing = access.flatMap(({ piece, state }) => (state.kind === "missing" ? [piece] : []));
  let secret = known;
  for (const piece of missing) undo.push(spellPiece(piece), (cut) => takeBack(tools, piece, cut));
  if (renewsToken) {
    for (const piece of removalOrder(wish.access)) {
      if (piece.kind === "token") await removePiece(http, piece, signal);
    }
  }
  if (renewsToken || access.some(({ state }) => state.kind !== "right")) {
    const onSecret = (made: Secret): void => {
      note(record, { tokenSecret: made.reveal() });
      secret = made;
    };
    await setUp(http, wish.access, { tell: (line) => line.startsWith("is there") || tell(line), onSecret }, signal);
  }
  return needed(secret);
}

function needed(secret: Secret | null): Secret {
  if (secret !== null) return secret;
  throw new DispatcherError("internal", "bootstrap: the daemon's token has no secret");
}

async function takeBack({ http, record }: Tools, piece: Piece, signal: AbortSignal): Promise<void> {
  // What hangs on a user or a role has gone with it.
  if (stateOf(piece, await findPieces(http, signal)).kind !== "missing") await removePiece(http, piece, signal);
  if (piece.kind === "token") note(record, { tokenSecret: null });
}

export const secretOf = (text: string | null): Secret | null => (text === null ? null : new Secret(text));
