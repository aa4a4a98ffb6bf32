import { ascii, both32, join } from "./iso9660.ts";

/** Linux reads the seed's names and owners from these fields. Only root may read: the files hold a secret. */
const FOLDER_MODE = 0o040500;
const FILE_MODE = 0o100400;

/** The root's own record announces that the fields follow the two protocols, and which version of them. */
export const rootFields = (): Uint8Array =>
  join(field("SP", Uint8Array.of(0xbe, 0xef, 0)), protocol("RRIP_1991A"), attributes(FOLDER_MODE, 2));

export const parentFields = (): Uint8Array => attributes(FOLDER_MODE, 2);

export const fileFields = (name: string): Uint8Array =>
  join(attributes(FILE_MODE, 1), field("NM", join(Uint8Array.of(0), ascii(name))));

const attributes = (mode: number, links: number): Uint8Array =>
  field("PX", join(both32(mode), both32(links), both32(0), both32(0)));

/** The describing texts may be empty; readers go by the identifier. */
const protocol = (identifier: string): Uint8Array =>
  field("ER", join(Uint8Array.of(identifier.length, 0, 0, 1), ascii(identifier)));

/** Two letters, the length of the whole field, its version. */
const field = (letters: string, content: Uint8Array): Uint8Array =>
  join(ascii(letters), Uint8Array.of(content.length + 4, 1), content);
