import { join } from 'node:path';
import type { Architecture } from '../../../lib/host/operating-system';
import { ensureDebianRoot } from '../image/root';

/** QEMU's programs, each as the words that start it. */
export interface Emulator {
  readonly qemu: readonly string[];
  readonly qemuImg: readonly string[];
  /** UEFI firmware, for machines that boot with it. */
  readonly firmware: string;
}

const PACKAGES: Record<Architecture, { program: string; packages: readonly string[] }> = {
  x86_64: { program: 'qemu-system-x86_64', packages: ['qemu-system-x86'] },
  // Graviton boots by UEFI too, and without it a guest sees no SMBIOS.
  arm64: { program: 'qemu-system-aarch64', packages: ['qemu-system-arm', 'qemu-efi-aarch64'] },
};

/**
 * Debian 13's QEMU for machines of an architecture, in the cache, whatever this machine has: version 10 boots a gateway
 * in three quarters of the time of Debian 12's 7.2 (docs/decisions/rehearsal-cases.md), and every machine rehearses
 * with the same version.
 *
 * @param mirror Debian mirror. Default: the machine's own, else the bootstrap tool's
 * @throws Error with the bootstrap tool's last lines
 */
export async function ensureEmulator(architecture: Architecture, mirror?: string): Promise<Emulator> {
  const { program, packages } = PACKAGES[architecture];
  const root = await ensureDebianRoot({
    release: 'trixie',
    name: `emulator-${architecture}`,
    packages: [...packages, 'qemu-utils'],
    mirror,
  });
  // Started by the root's own loader with the root's own libraries. Unlike in a chroot, files, taps and sockets are
  // this machine's.
  const libraries = ['lib', 'usr/lib'].map((folder) => join(root, folder, 'x86_64-linux-gnu')).join(':');
  const start = (name: string) => [
    ...[join(root, 'lib64/ld-linux-x86-64.so.2'), '--library-path', libraries],
    join(root, 'usr/bin', name),
  ];
  const share = join(root, 'usr/share');
  return {
    qemu: [...start(program), ...['qemu', 'seabios'].flatMap((folder) => ['-L', join(share, folder)])],
    qemuImg: start('qemu-img'),
    firmware: join(share, 'qemu-efi-aarch64/QEMU_EFI.fd'),
  };
}
