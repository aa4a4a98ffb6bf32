import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import type { QemuImage, QemuSpec } from "./spec.ts";

/** As long as a kernel needs for its first words on a real processor, generously. */
const patience = 10_000;

/** Hardware's own, where it works: some virtual machines offer /dev/kvm and then cannot carry a guest. */
export async function chooseAccelerator(image: QemuImage): Promise<QemuSpec["accelerator"]> {
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch {
    return "tcg";
  }
  const machine = ["-accel", "kvm", "-cpu", "host", "-m", "256", "-nodefaults", "-display", "none", "-no-reboot"];
  // It has no disk to go on with: it says so, and ends.
  const kernel = ["-kernel", image.kernel, "-append", "console=ttyS0 panic=-1", "-serial", "stdio"];
  const said = await new Promise<string>((resolve) => {
    execFile("qemu-system-x86_64", [...machine, ...kernel], { timeout: patience, killSignal: "SIGKILL" }, (_, text) =>
      resolve(text),
    );
  });
  return said.includes("Kernel panic") ? "kvm" : "tcg";
}
