/** What `GET /access/permissions` says: path → privilege → whether it is handed down. */
export type Acl = Readonly<Record<string, Readonly<Record<string, number>>>>;

/**
 * On the path itself a privilege that is named is granted, also with 0. From above it comes only where it is handed
 * down, and from the nearest path that hands anything down: an entry on a deeper path replaces those above it.
 */
export function grantedOn(acl: Acl, path: string): ReadonlySet<string> {
  const own = acl[path];
  if (own !== undefined) return new Set(Object.keys(own));
  return handedDownTo(acl, path);
}

/** What would be granted on the path if it had no entry of its own. */
export function handedDownTo(acl: Acl, path: string): ReadonlySet<string> {
  for (let above = parentOf(path); above !== null; above = parentOf(above)) {
    const handedDown = Object.entries(acl[above] ?? {}).filter(([, down]) => down === 1);
    if (handedDown.length > 0) return new Set(handedDown.map(([privilege]) => privilege));
  }
  return new Set();
}

function parentOf(path: string): string | null {
  if (path === "/") return null;
  return path.slice(0, path.lastIndexOf("/")) || "/";
}
