import type { TemplateMarker } from "../../../src/domain/images/template-marker.ts";
import { instance, start } from "../../fixtures.ts";

export function templateMarkerOf(change: Partial<TemplateMarker> = {}): TemplateMarker {
  return {
    instance,
    family: "debian-13",
    generation: 1,
    built: start,
    source: { kind: "url", url: "https://images.example/debian-13.qcow2", checksum: `sha256:${"cd".repeat(32)}` },
    runnerVersion: "2.336.0",
    system: "linux",
    promoted: null,
    ...change,
  };
}
