import { type Ms, SECOND } from "../../domain/time.ts";

/** How long a guest's own doings last in life. */
export interface Durations {
  /** From power-on until cloud-init runs. */
  readonly boot: Ms;
  /** From power-on until the guest agent answers. */
  readonly agent: Ms;
  readonly shutdown: Ms;
  /** `config.sh`. */
  readonly register: Ms;
  /** From the start of `run.sh` until it listens. */
  readonly connect: Ms;
}

export const lifelike: Durations = {
  boot: 20 * SECOND,
  agent: 15 * SECOND,
  shutdown: 3 * SECOND,
  register: 4 * SECOND,
  connect: 3 * SECOND,
};
