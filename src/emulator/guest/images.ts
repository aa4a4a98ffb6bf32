/** What is installed on a disk. */
export interface Image {
  /** False: nothing in it ever answers. */
  readonly boots: boolean;
  /** The guest agent is installed. */
  readonly agent: boolean;
  /** The runner software is installed under /opt/actions-runner. */
  readonly runner: boolean;
  /** It has what stands in templates/image, so that its agent can arm it. */
  readonly dispatcher: boolean;
  /** False: the operating system hangs when it should turn the machine off. */
  readonly powersOff: boolean;
}

export type Images = Readonly<Record<string, Image>>;

const whole: Image = { boots: true, agent: true, runner: true, dispatcher: true, powersOff: true };

/** The images that a world knows unless it brings its own. */
export const images = {
  runner: whole,
  "no-agent": { ...whole, agent: false },
  "never-boots": { ...whole, boots: false, agent: false },
  "runner-alone": { ...whole, dispatcher: false },
  "no-runner": { ...whole, runner: false },
  "never-ends": { ...whole, powersOff: false },
} as const satisfies Images;
