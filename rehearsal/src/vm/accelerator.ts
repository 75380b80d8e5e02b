import { access, constants } from 'node:fs/promises';
import spawn, { type SubprocessError } from 'nano-spawn';
import type { Emulator } from './emulator';

export interface Accelerator {
  name: 'kvm' | 'tcg';
  /** QEMU's arguments for it. */
  arguments: string[];
}

const KVM: Accelerator = { name: 'kvm', arguments: ['-accel', 'kvm', '-cpu', 'host'] };

/**
 * Software emulation. With `cx16`, QEMU 7.2 ended Debian 13's kernel in a double fault. With `erms` the guest copies
 * and clears memory by `rep movsb` and `rep stosb`, which are emulated byte by byte; without it, it takes a fifth less
 * CPU time (measured with Python's imports, apt and openssl). `fsrm` must then go too, since no processor has it alone:
 * Linux 6.1 takes it for both, and hangs in its first second. (Without `svm` the guest's mounts fail in QEMU 7.2.)
 * `mitigations=off` and the like are set on the kernel's command line (see qemu.ts).
 */
const TCG: Accelerator = {
  name: 'tcg',
  arguments: ['-accel', 'tcg,thread=multi,tb-size=512', '-cpu', 'max,-cx16,-erms,-fsrm'],
};

let probed: Promise<Accelerator> | undefined;

/**
 * KVM if it really works, else software emulation. /dev/kvm may exist, and even open, on a machine that cannot run
 * anything with it. So a kernel is started for a moment, and KVM counts as working when its first line appears.
 *
 * @param emulator the emulator that will run it
 * @param kernel the kernel that will be booted
 */
export function accelerator(emulator: Emulator, kernel: string): Promise<Accelerator> {
  probed ??= kvmWorks(emulator, kernel).then((works) => (works ? KVM : TCG));
  return probed;
}

async function kvmWorks({ qemu: [program = '', ...words] }: Emulator, kernel: string): Promise<boolean> {
  const usable = await access('/dev/kvm', constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!usable) return false;
  const arguments_ = [
    ...words,
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-serial', 'stdio', '-m', '256', '-no-reboot'],
    ...KVM.arguments,
    // There is no root file system, so the kernel panics at once, and the machine ends because it may not reboot.
    ...['-kernel', kernel, '-append', 'console=ttyS0 panic=-1'],
  ];
  const said = await spawn(program, arguments_, { stdin: 'ignore', timeout: 15_000 }).then(
    ({ stdout }) => stdout,
    (error: SubprocessError) => error.stdout,
  );
  return said.includes('Linux version');
}
