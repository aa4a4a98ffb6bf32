import { join } from "node:path";

/** As many as two cores carry, when software emulates their processors. */
export const realPools = `pools:
  - name: demo
    nodes: [pve1, pve2]
    max_runners: 2
`;

interface Described {
  readonly pve: { readonly guests: readonly { readonly name: string }[] };
  readonly dispatcher: Readonly<Record<string, string>>;
}

export interface RealGuestsOptions {
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly tell: (text: string) => void;
}

/** The same world, with machines that QEMU runs in the place of pretended ones. Their time is real. */
export async function withRealGuests(world: unknown, options: RealGuestsOptions): Promise<unknown> {
  const [{ baseImage }, { chooseAccelerator }] = await Promise.all([
    import("../../emulator/qemu/base-image.ts"),
    import("../../emulator/qemu/accelerator.ts"),
  ]);
  const image = await baseImage(options);
  const accelerator = await chooseAccelerator(image);
  options.tell(accelerator === "kvm" ? "guests run on KVM" : "KVM does not work here: guests are emulated, and slow");
  const { pve, dispatcher, ...rest } = world as Described;
  // PVE's own user-data, which a guest without a seed gets, would have all packages upgraded.
  const real = { image: "debian", memoryMiB: 640, diskMiB: 4096, config: { ciupgrade: 0 } };
  const guests = pve.guests.map((guest) => (guest.name === "demo-template" ? { ...guest, ...real } : guest));
  return {
    ...rest,
    pve: { ...pve, guests },
    qemu: { images: { debian: image }, folder: join(options.folder, "qemu"), accelerator },
    dispatcher: { ...dispatcher, BOOT_TIMEOUT: "20m" },
  };
}
