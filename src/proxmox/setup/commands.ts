import { madeHere, type Piece } from "./pieces.ts";

/** What root types on a node to make a piece. */
export function commandOf(piece: Piece): string {
  switch (piece.kind) {
    case "storage":
      return `pvesm add dir ${word(piece.id)} --path ${word(piece.path)} --content iso`;
    case "pool":
      return `pveum pool add ${word(piece.id)} --comment '${madeHere}'`;
    case "role":
      return `pveum role add ${word(piece.id)} --privs ${piece.privileges.join(",")}`;
    case "user":
      return `pveum user add ${word(piece.id)} --comment '${madeHere}'`;
    case "acl":
      return `pveum acl modify ${granted(piece)}${piece.propagate ? "" : " --propagate 0"}`;
    case "token":
      return `pveum user token add ${word(piece.user)} ${word(piece.name)} --privsep ${piece.privsep ? 1 : 0} --comment '${madeHere}'`;
  }
}

/** And to take it away again. */
export function removalOf(piece: Piece): string {
  switch (piece.kind) {
    case "storage":
      return `pvesm remove ${word(piece.id)}`;
    case "pool":
    case "role":
    case "user":
      return `pveum ${piece.kind} delete ${word(piece.id)}`;
    case "acl":
      return `pveum acl delete ${granted(piece)}`;
    case "token":
      return `pveum user token remove ${word(piece.user)} ${word(piece.name)}`;
  }
}

const granted = (piece: Extract<Piece, { kind: "acl" }>): string =>
  `${word(piece.path)} --roles ${piece.role} --${piece.type}s ${word(piece.id)}`;

/** The exclamation mark of a token's id means something to a shell. */
const word = (text: string): string => (/^[\w@./:-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
