import { register } from "node:module";

/**
 * For `--import <this file>?to=FILE`: every request that the PVE client of the process hands to its fetch or its websocket
 * is appended to the file. It does not matter whether a socket, an emulator in process or a test's function takes it there,
 * and requests that tests make by hand are none of the client's.
 */
const to = new URL(import.meta.url).searchParams.get("to");
if (to === null) throw new Error(`${import.meta.url}: ?to=FILE is missing`);
register("./redirect.ts", import.meta.url, { data: { to } });
