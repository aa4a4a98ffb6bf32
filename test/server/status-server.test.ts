import assert from "node:assert/strict";
import { test } from "node:test";
import { Health } from "../../src/app/health.ts";
import { Metrics } from "../../src/app/metrics.ts";
import { SECOND } from "../../src/domain/time.ts";
import { startStatusServer } from "../../src/server/status-server.ts";
import { ManualClock } from "../clock.ts";

const identity = { version: "1.2.3", instance: "lab" };

test("health is good after a pass, and bad when passes stop coming or fail", async () => {
  const clock = new ManualClock();
  const health = new Health(clock, 15 * SECOND, identity);
  assert.equal(health.report().ok, false, "before the first pass");
  health.passed();
  assert.equal(health.report().ok, true);
  health.failed("PVE GET /nodes: connection refused");
  assert.equal(health.report().ok, false);
  assert.match(health.report().lastPass.trouble ?? "", /refused/);
  health.passed();
  await clock.pass(76 * SECOND);
  assert.equal(health.report().ok, false, "the last pass is too old");
});

test("health names each service's last answer and its trouble, without secrets", () => {
  const health = new Health(new ManualClock(), 15 * SECOND, identity);
  health.answered("github");
  health.silent("proxmox", "no answer with PVEAPIToken=a@b!c=secret");
  const { services } = health.report();
  assert.equal(services.github.ok, true);
  assert.equal(services.proxmox.ok, false);
  assert.doesNotMatch(JSON.stringify(services), /=secret/);
});

test("the server answers 200 or 503 with the report, and the figures in Prometheus' format", async () => {
  const health = new Health(new ManualClock(), 15 * SECOND, identity);
  const metrics = new Metrics();
  const server = await startStatusServer({
    address: "127.0.0.1",
    port: 0,
    health: () => health.report(),
    metrics: async () => ({ type: metrics.registry.contentType, text: await metrics.registry.metrics() }),
  });
  try {
    assert.equal((await fetch(`${server.url}/healthz`)).status, 503);
    health.passed();
    const answer = await fetch(`${server.url}/healthz`);
    assert.equal(answer.status, 200);
    assert.equal(((await answer.json()) as { instance: string }).instance, "lab");
    metrics.call("proxmox", "GET", "ok", 20);
    const text = await (await fetch(`${server.url}/metrics`)).text();
    assert.match(text, /dispatcher_call_seconds_count\{service="proxmox",method="GET",outcome="ok"\} 1/);
    assert.equal((await fetch(`${server.url}/other`)).status, 404);
  } finally {
    await server.close();
  }
});
