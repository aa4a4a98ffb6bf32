import { type Ms, SECOND } from "../../domain/time.ts";

/** What PVE says when it does not do something. The reason phrase is the first line of the message. */
interface Details {
  readonly errors?: Readonly<Record<string, string>>;
  /** Refused before the API is reached: with plain text, or with nothing at all. */
  readonly body?: "json" | "text" | "empty";
  readonly delay?: Ms;
}

export class Refusal extends Error {
  readonly status: number;
  readonly details: Details;

  constructor(status: number, message: string, details: Details = {}) {
    super(message);
    this.name = "Refusal";
    this.status = status;
    this.details = details;
  }
}

/** Nearly everything that goes wrong in PVE is a 500: there is no 404. */
export const failed = (message: string): Refusal => new Refusal(500, message);

export const badParameters = (errors: Readonly<Record<string, string>>): Refusal =>
  new Refusal(400, "Parameter verification failed.", { errors });

export const forbidden = (path: string, privileges: readonly string[]): Refusal =>
  new Refusal(403, `Permission check failed (${path}, ${privileges.join("|")})`);

/** Refusals of the authentication phase come late and without a body. */
export const shutOut = (status: 401 | 403, message: string): Refusal =>
  new Refusal(status, message, { body: "empty", delay: 3 * SECOND });

export const missingGuest = (node: string, vmid: number): Refusal =>
  failed(`Configuration file 'nodes/${node}/qemu-server/${vmid}.conf' does not exist`);

export const unfoundGuest = (node: string, vmid: number): Refusal =>
  failed(`unable to find configuration file for VM ${vmid} on node '${node}'`);

export const lockTimeout = (vmid: number): Refusal =>
  failed(`can't lock file '/var/lock/qemu-server/lock-${vmid}.conf' - got timeout`);

/** The daemon cannot write such a message, and the proxy gives up. */
const unprintable = (reason: string): boolean => [...reason].some((letter) => letter > "\u00ff");

export function responseOf(refusal: Refusal): Response {
  const { errors, body = "json" } = refusal.details;
  const reason = refusal.message.split("\n")[0] ?? "";
  if (unprintable(reason)) return new Response(null, { status: 596, statusText: "Broken pipe" });
  const head = { status: refusal.status, statusText: reason };
  if (body === "empty") return new Response(null, head);
  if (body === "text") {
    return new Response(refusal.message, { ...head, headers: { "content-type": "text/plain" } });
  }
  const message = `${refusal.message}${refusal.status === 501 ? "" : "\n"}`;
  return Response.json(errors === undefined ? { data: null, message } : { data: null, message, errors }, head);
}
