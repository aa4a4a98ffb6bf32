import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { ForgeView } from "../domain/observation.ts";
import type { Decision } from "../domain/runners/decide.ts";
import { stageOf } from "../domain/runners/stage.ts";
import { type Ms, SECOND } from "../domain/time.ts";
import type { EngineEvent } from "../engine/events.ts";
import type { Service } from "./health.ts";

/** The engine's facts as figures for Prometheus. */
export class Metrics {
  readonly registry = new Registry();
  readonly #guests = this.#gauge("dispatcher_guests", "Guests by runner pool and stage.", ["pool", "stage"]);
  readonly #jobs = this.#gauge("dispatcher_jobs", "Jobs of the polled repositories by status.", ["status"]);
  readonly #inHand = this.#gauge("dispatcher_operations_in_hand", "Operations begun and not finished.", []);
  readonly #operations = new Histogram({
    name: "dispatcher_operation_seconds",
    help: "Operations by kind and outcome.",
    labelNames: ["kind", "outcome"],
    buckets: [0.25, 0.5, 1, 2, 5, 10, 30, 60, 300],
    registers: [this.registry],
  });
  readonly #passes = new Histogram({
    name: "dispatcher_pass_seconds",
    help: "Passes of the loop: observing and deciding.",
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10],
    registers: [this.registry],
  });
  readonly #failedPasses = new Counter({
    name: "dispatcher_failed_passes_total",
    help: "Passes that could not observe.",
    registers: [this.registry],
  });
  readonly #calls = new Histogram({
    name: "dispatcher_call_seconds",
    help: "Calls to PVE and GitHub by outcome.",
    labelNames: ["service", "method", "outcome"],
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 3, 10, 30],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  engine(event: EngineEvent): void {
    if (event.event === "pass.done") this.#passes.observe(event.ms / SECOND);
    if (event.event === "pass.failed") this.#failedPasses.inc();
    if (event.event === "operation.started") this.#inHand.inc();
    if (event.event === "operation.done" || event.event === "operation.failed") {
      this.#inHand.dec();
      const outcome = event.event === "operation.done" ? "done" : "failed";
      this.#operations.observe({ kind: event.operation.kind, outcome }, event.ms / SECOND);
    }
  }

  decision({ sightings }: Decision, forge: ForgeView): void {
    this.#guests.reset();
    for (const seen of sightings) this.#guests.inc({ pool: seen.pool.name, stage: stageOf(seen) });
    this.#jobs.reset();
    for (const job of forge.jobs) this.#jobs.inc({ status: job.refused === null ? job.status : "refused" });
  }

  call(service: Service, method: string, outcome: string, ms: Ms): void {
    this.#calls.observe({ service, method, outcome }, ms / SECOND);
  }

  #gauge(name: string, help: string, labelNames: readonly string[]): Gauge {
    return new Gauge({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }
}
