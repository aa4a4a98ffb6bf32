import { isAbsolute } from "node:path";
import { z } from "zod";

const path = z.string().refine(isAbsolute, "the path must be absolute");

/** What a disk holds, and the kernel that boots it: the image needs no boot loader. */
const image = z.strictObject({ disk: path, kernel: path, initrd: path });

/** Guests that are real machines, run by QEMU. */
export const qemuSpec = z.strictObject({
  /** By the name that stands in a guest's `image`. */
  images: z.record(z.string(), image),
  /** Where disks, media and consoles lie. A console's log outlives its guest. */
  folder: path,
  /** `tcg` emulates the processor: ten times slower, and it works everywhere. */
  accelerator: z.enum(["kvm", "tcg"]).default("tcg"),
});

export type QemuSpec = z.infer<typeof qemuSpec>;
export type QemuImage = z.infer<typeof image>;
