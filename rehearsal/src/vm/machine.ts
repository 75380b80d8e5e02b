import type { Tools } from '../apt';
import type { VmImage } from '../image/image';
import { accelerator } from './accelerator';

/** How QEMU is started for an image's architecture. */
export interface QemuMachine {
  /** The words that start it. */
  readonly command: readonly string[];
  readonly arguments: readonly string[];
  /** The kernel's name of the serial console. */
  readonly console: string;
  /** Further words of the kernel's command line. */
  readonly kernelArguments: readonly string[];
}

/**
 * What an arm64 image needs on an x86_64 machine, in addition to the lab's tools: its programs run here while it is
 * made.
 */
export const ARM_TOOLS: Tools = {
  'arch-test': 'arch-test',
  'programs of arm64': { package: 'qemu-user-static', probe: ['arch-test', 'arm64'] },
};

/**
 * An instruction takes a nanosecond of the machine's own time, and QEMU knows how many there were (Vm.instructions). While it waits
 * for the lab, its time goes as the lab's does. The processor is that of `npm run bench -- --count`.
 */
const COUNTED = [
  ...['-machine', 'pc', '-accel', 'tcg,thread=single,tb-size=512', '-icount', 'shift=0,sleep=on'],
  ...['-cpu', 'EPYC-v1'],
];

/** @param counted see VmOptions. @throws Error for a counted machine that is not x86_64 */
export async function qemuMachine({ architecture, kernel, emulator }: VmImage, counted = false): Promise<QemuMachine> {
  if (counted) {
    if (architecture !== 'x86_64') throw new Error(`a machine that counts must be x86_64, got: ${architecture}`);
    return { command: emulator.qemu, arguments: COUNTED, console: 'ttyS0', kernelArguments: [] };
  }
  if (architecture === 'x86_64') {
    const { name, arguments: accelerated } = await accelerator(emulator, kernel);
    return {
      command: emulator.qemu,
      arguments: ['-machine', 'pc', ...accelerated],
      console: 'ttyS0',
      // How fast an emulated TSC runs is measured at boot. On a busy machine this went wrong: a clock that ran 2.8 times as
      // fast was five minutes ahead after three, and AWS takes no signature of the future.
      kernelArguments: name === 'tcg' ? ['clocksource=hpet'] : [],
    };
  }
  return {
    command: emulator.qemu,
    // t4g has Graviton2, which is built from Neoverse N1. `max` would sign pointers, which is slow in software.
    arguments: [
      ...['-machine', 'virt', '-cpu', 'neoverse-n1', '-accel', 'tcg,thread=multi,tb-size=256'],
      ...['-bios', emulator.firmware],
    ],
    console: 'ttyAMA0',
    kernelArguments: [],
  };
}
