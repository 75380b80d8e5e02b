import type { Tools } from '../apt';
import type { VmImage } from '../image/image';
import { accelerator } from './accelerator';

/** How QEMU is started for a machine of an image's architecture: what differs between them. */
export interface QemuMachine {
  readonly program: string;
  readonly arguments: readonly string[];
  /** The serial console, as the kernel calls it. */
  readonly console: string;
}

/** Firmware of Debian's package qemu-efi-aarch64. Graviton boots by UEFI too, and without it a guest sees no SMBIOS. */
const ARM_FIRMWARE = '/usr/share/qemu-efi-aarch64/QEMU_EFI.fd';

/** What an arm64 image and its machine need on an x86_64 machine, beyond what the lab needs anyway. */
export const ARM_TOOLS: Tools = {
  'qemu-system-aarch64': 'qemu-system-arm',
  'firmware for arm64': { package: 'qemu-efi-aarch64', probe: ['test', '-e', ARM_FIRMWARE] },
  // The image's programs run here while it is made.
  'arch-test': 'arch-test',
  'programs of arm64': { package: 'qemu-user-static', probe: ['arch-test', 'arm64'] },
};

export async function qemuMachine({ architecture, kernel }: VmImage): Promise<QemuMachine> {
  if (architecture === 'x86_64') {
    const { arguments: accelerated } = await accelerator(kernel);
    return { program: 'qemu-system-x86_64', arguments: ['-machine', 'pc', ...accelerated], console: 'ttyS0' };
  }
  return {
    program: 'qemu-system-aarch64',
    // Graviton2, which t4g has, is made of Neoverse N1; and `max` would sign pointers, which is slow in software.
    arguments: [
      ...['-machine', 'virt', '-cpu', 'neoverse-n1', '-accel', 'tcg,thread=multi,tb-size=256'],
      ...['-bios', ARM_FIRMWARE],
    ],
    console: 'ttyAMA0',
  };
}
