import { createRequire } from "node:module";

/**
 * Every life would watch this process's garbage collector and event loop for ever, and a run has many lives. Imported
 * before the product, which then finds a collector of default metrics that collects none.
 */
const prometheus = createRequire(import.meta.url)("prom-client") as {
  collectDefaultMetrics: () => void;
  Histogram: { readonly prototype: { observeWithoutExemplar: () => void } };
};
prometheus.collectDefaultMetrics = () => {};
// Every call is measured, and nobody asks for it here.
prometheus.Histogram.prototype.observeWithoutExemplar = () => {};
