import { serve } from "@hono/node-server";
import { Hono } from "hono";

export interface StatusServerOptions {
  readonly address: string;
  readonly port: number;
  /** What `/healthz` answers: 200 when ok, else 503. */
  readonly health: () => { readonly ok: boolean };
  /** What `/metrics` answers, in Prometheus' text format. */
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>;
}

export interface StatusServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Health and metrics over plain HTTP, on loopback unless the configuration says otherwise. */
export async function startStatusServer({
  address,
  port,
  health,
  metrics,
}: StatusServerOptions): Promise<StatusServer> {
  const app = new Hono();
  app.get("/healthz", (c) => {
    const report = health();
    return c.json(report, report.ok ? 200 : 503);
  });
  app.get("/metrics", async (c) => {
    const { type, text } = await metrics();
    return c.body(text, 200, { "Content-Type": type });
  });
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, hostname: address, port }, (info) => {
      resolve({
        url: `http://${info.family === "IPv6" ? `[${info.address}]` : info.address}:${info.port}`,
        close: () => new Promise((done) => server.close(() => done())),
      });
    });
    server.once("error", reject);
  });
}
