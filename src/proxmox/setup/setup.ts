import { DispatcherError } from "../../domain/errors.ts";
import type { Secret } from "../../domain/secret.ts";
import type { PveHttp } from "../http.ts";
import { findPieces, makePiece, mendPiece, removePiece } from "./access.ts";
import { keptBecause, stateOf } from "./difference.ts";
import { type Piece, spellPiece } from "./pieces.ts";

export interface Report {
  readonly tell: (line: string) => void;
  /** The secret of the token that was just made: it cannot be asked for again. */
  readonly onSecret: (secret: Secret) => void;
}

/** Makes what is missing and mends what differs; refuses before the first change where something is for a person to mend. */
export async function setUp(
  http: PveHttp,
  pieces: readonly Piece[],
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const found = await findPieces(http, signal);
  const blocked = pieces.flatMap((piece) => {
    const state = stateOf(piece, found);
    return state.kind === "blocked" ? [`${spellPiece(piece)}: ${state.odds}`] : [];
  });
  if (blocked.length > 0) throw new DispatcherError("conflict", `set-up of PVE: ${blocked.join("; ")}`);
  for (const piece of pieces) {
    const state = stateOf(piece, found);
    if (state.kind === "right") report.tell(`is there    ${spellPiece(piece)}`);
    if (state.kind === "differs") {
      await mendPiece(http, piece, signal);
      report.tell(`mended      ${spellPiece(piece)}: ${state.odds}`);
    }
    if (state.kind === "missing") {
      const secret = await makePiece(http, piece, signal);
      report.tell(`made        ${spellPiece(piece)}`);
      if (secret !== null) report.onSecret(secret);
    }
  }
}

/** Takes away what a set-up made, last things first; what others made or use stays, and it is said. */
export async function takeDown(
  http: PveHttp,
  pieces: readonly Piece[],
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const found = await findPieces(http, signal);
  for (const piece of removalOrder(pieces)) {
    if (stateOf(piece, found).kind === "missing") continue;
    const why = keptBecause(piece, found, pieces);
    if (why === null) await removePiece(http, piece, signal);
    tell(why === null ? `removed     ${spellPiece(piece)}` : `kept        ${spellPiece(piece)}: ${why}`);
  }
}

/** PVE drops what hangs on a user or a role with it, but then nobody is told. */
export const removalOrder = (pieces: readonly Piece[]): readonly Piece[] => {
  const rank = { acl: 0, token: 1, user: 2, role: 3, storage: 4, pool: 5 } as const satisfies Record<
    Piece["kind"],
    number
  >;
  return [...pieces].sort((a, b) => rank[a.kind] - rank[b.kind]);
};
