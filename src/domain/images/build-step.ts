import type { BuildPhase } from "./build-marker.ts";

/** A build as it stands in PVE at one moment. */
export interface BuildSight {
  /** A task that is still at work on it. */
  readonly busy: string | null;
  readonly phase: BuildPhase;
  readonly template: boolean;
  readonly running: boolean;
  /** GiB; null: it has no disk yet. */
  readonly disk: number | null;
  /** Whether the image's file is on the import storage, and the seed on the seeds'. */
  readonly image: boolean;
  readonly seed: boolean;
}

export type BuildStep =
  | { readonly do: "wait"; readonly why: string }
  | {
      readonly do:
        | "drop image"
        | "fetch"
        | "import"
        | "grow"
        | "note import"
        | "boot"
        | "watch"
        | "shut down"
        | "seal"
        | "drop seed"
        | "convert"
        | "finish";
    }
  /** What it holds cannot be trusted: it is removed, and the build begins anew. */
  | { readonly do: "start over"; readonly why: string };

const step = (what: Exclude<BuildStep["do"], "wait" | "start over">): BuildStep => ({ do: what });

/** The one next thing to do. The same sight always gives the same step, whoever took the steps before it. */
export function nextStep(sight: BuildSight, wantedGiB: number): BuildStep {
  if (sight.busy !== null) return { do: "wait", why: sight.busy };
  switch (sight.phase) {
    case "claimed":
      // A file that was never noted may be half of one.
      return step(sight.image ? "drop image" : "fetch");
    case "fetched":
      if (sight.disk !== null) return step(sight.disk < wantedGiB ? "grow" : "note import");
      return sight.image ? step("import") : { do: "start over", why: "the file of its image is gone" };
    case "imported":
      if (sight.image) return step("drop image");
      return sight.running ? { do: "start over", why: "somebody has started it" } : step("boot");
    case "booting":
      if (sight.running) return step("watch");
      return { do: "start over", why: "it is off, and nobody saw how far its customisation came" };
    case "customised":
      return step(sight.running ? "shut down" : "seal");
    case "sealed":
      if (sight.running) return { do: "start over", why: "somebody has started it" };
      if (sight.seed) return step("drop seed");
      return step(sight.template ? "finish" : "convert");
  }
}
