import type { VmidRange } from "../domain/vmids.ts";
import type { Config } from "./config.ts";
import type { Environment } from "./environment.ts";
import * as names from "./names.ts";
import { rangeBetween } from "./pool-readers.ts";
import { at, chain, combine, good, type Read } from "./read.ts";

/** Where templates are built, and by what. */
export function readTemplates(env: Environment): Read<Config["templates"]> {
  const resourcePool = env.given("TEMPLATE_RESOURCE_POOL");
  const ends = combine<VmidRange>({
    first: at("TEMPLATE_ID_START", names.vmid(env.text("TEMPLATE_ID_START"))),
    last: at("TEMPLATE_ID_END", names.vmid(env.text("TEMPLATE_ID_END"))),
  });
  return combine<Config["templates"]>({
    range: chain(ends, (range) => at("TEMPLATE_ID_START and TEMPLATE_ID_END", rangeBetween(range))),
    storage: at("TEMPLATE_STORAGE", names.storageName(env.text("TEMPLATE_STORAGE"))),
    importStorage: at("TEMPLATE_IMPORT_STORAGE", names.storageName(env.text("TEMPLATE_IMPORT_STORAGE"))),
    network: at("TEMPLATE_NETWORK", names.network(env.text("TEMPLATE_NETWORK"))),
    resourcePool:
      resourcePool === null ? good(null) : at("TEMPLATE_RESOURCE_POOL", names.resourcePoolName(resourcePool)),
  });
}
