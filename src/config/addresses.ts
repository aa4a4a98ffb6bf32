import type { Config } from "./config.ts";
import { bad, good, type Read, type Reader } from "./read.ts";
import { quote } from "./readers.ts";

/** PVE's API, with or without `/api2/json`; kept without. */
export const proxmoxUrl: Reader<URL> = (text) => {
  const url = plainUrl(text);
  if (!url.ok) return url;
  const { value } = url;
  if (value.protocol !== "https:") return bad("http would send the token in clear; write https://");
  value.pathname = value.pathname.replace(/\/+$/, "").replace(/\/api2(\/json)?$/, "");
  if (value.port !== "") return good(value);
  return good(value, `no port, so 443 is used; PVE itself listens on 8006, as in https://${value.hostname}:8006`);
};

/** http is for an emulator on the same machine. */
export const githubApiUrl: Reader<URL> = (text) => {
  const url = plainUrl(text);
  if (!url.ok) return url;
  const { value } = url;
  if (value.protocol !== "https:" && !isLoopback(value.hostname)) {
    return bad("http would send the token in clear; write https:// (http is for loopback addresses alone)");
  }
  value.pathname = value.pathname.replace(/\/+$/, "");
  return good(value);
};

/** `address:port`, or `off`. */
export function readListen(text: string): Read<Config["listen"]> {
  if (text.toLowerCase() === "off") return good(null);
  const match = /^(?:\[([\da-f:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/i.exec(text);
  const address = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (address === undefined || port > 65_535) {
    return bad(`${quote(text)} is not address:port; write for example 127.0.0.1:9180, [::1]:9180 or off`);
  }
  return isLoopback(address)
    ? good({ address, port })
    : good({ address, port }, `${text} is reachable from other machines, without a password; 127.0.0.1 keeps it local`);
}

export const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);

/** Its text is not repeated in problems: people put passwords into addresses. */
export function plainUrl(text: string): Read<URL> {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return bad("is not a web address; write it with https:// in front");
  }
  if (url.username !== "" || url.password !== "") return bad("holds a user name or a password; remove it");
  return url.search === "" && url.hash === "" ? good(url) : bad('has something after "?" or "#"; remove it');
}
