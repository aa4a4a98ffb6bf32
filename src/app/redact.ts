/**
 * A second line of defence: secrets are a type that cannot print, and what still looks like one in a text from outside
 * is struck out before it reaches a log. GitHub's tokens have no fixed length any more, so only their beginnings count.
 */
const shapes: readonly RegExp[] = [
  /gh[pousr]_[A-Za-z0-9_.-]+/g,
  /github_pat_\w+/g,
  /PVEAPIToken=\S+/g,
  /RemoteAuth\s+\S+/g,
  /eyJ[A-Za-z0-9_-]{16,}(?:\.[A-Za-z0-9_-]+)*=*/g,
];

export const redact = (text: string): string => shapes.reduce((kept, shape) => kept.replace(shape, "[secret]"), text);
