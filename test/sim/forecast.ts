import { HOUR, type Instant, MINUTE, type Ms } from "../../src/domain/time.ts";
import { clockText } from "./history.ts";
import { Random } from "./random.ts";
import type { End, Kind, Stage } from "./stage.ts";
import { start } from "./time.ts";
import { daemonKinds } from "./weather/daemon.ts";
import { githubKinds } from "./weather/github.ts";
import { guestKinds } from "./weather/guests.ts";
import { jobKinds } from "./weather/jobs.ts";
import { operatorKinds } from "./weather/operators.ts";
import { pveKinds } from "./weather/pve.ts";

/** One piece of weather, at its time. */
export interface Forecast {
  readonly id: number;
  readonly kind: Kind;
  readonly at: Instant;
  readonly lasts: Ms;
  readonly random: Random;
}

const faultKinds = [...githubKinds, ...pveKinds, ...guestKinds, ...daemonKinds, ...operatorKinds];

/** The same for the same seed and hours; each piece is what it is, whichever others are left out. */
export function forecastOf(seed: number, hours: number): readonly Forecast[] {
  const random = new Random(seed, "forecast");
  const jobs = Math.ceil(hours * random.between(1, 3));
  const faults = Math.ceil(hours * random.between(1, 10));
  const list: Forecast[] = [];
  for (let id = 1; id <= jobs + faults; id++) {
    const own = new Random(seed, `weather ${id}`);
    const kind = chosen(id <= jobs ? jobKinds : faultKinds, own);
    const at = start + own.ms(MINUTE, hours * HOUR);
    list.push({ id, kind, at, lasts: own.ms(...kind.lasts), random: own });
  }
  return list;
}

export const spellForecast = ({ id, kind, at, lasts }: Forecast): string =>
  `${String(id).padStart(4)}  ${clockText(at - start)}  ${kind.name}${lasts === 0 ? "" : `, until ${clockText(at + lasts - start)}`}`;

/** Sets them to work. Returns the calm: it ends whatever still lasts. */
export function letItCome(forecasts: readonly Forecast[], stage: Stage): () => void {
  const lasting = new Set<End>();
  for (const { id, kind, at, lasts, random } of forecasts) {
    stage.time.after(at - stage.time.now(), () => {
      const end = kind.begin(stage, random);
      stage.history.add("weather", `${id}: ${kind.name}`);
      if (end === null) return;
      const once = (): void => {
        if (!lasting.delete(once)) return;
        stage.history.add("weather", `${id}: ${kind.name} is over`);
        end();
      };
      lasting.add(once);
      stage.time.after(lasts, once);
    });
  }
  return () => {
    for (const end of [...lasting]) end();
  };
}

function chosen(kinds: readonly Kind[], random: Random): Kind {
  let left = random.fraction() * kinds.reduce((sum, kind) => sum + kind.weight, 0);
  const found = kinds.find((kind) => {
    left -= kind.weight;
    return left < 0;
  });
  return found ?? (kinds[0] as Kind);
}
