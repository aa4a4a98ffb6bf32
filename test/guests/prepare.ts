import { baseImage } from "../../src/emulator/qemu/base-image.ts";
import { toolsMissing } from "./tools.ts";

/** Builds the image before the tests begin, so that two of them do not build it both. */

const began = Date.now();
const missing = toolsMissing();
if (missing !== false) console.log(`# no image for real guests: ${missing}`);
else {
  const image = await baseImage({ env: process.env, tell: (text) => console.log(`# ${text}`) });
  console.log(`# image: ready after ${Math.round((Date.now() - began) / 1000)} s: ${image.disk}`);
}
