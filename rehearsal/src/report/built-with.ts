import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import spawn from 'nano-spawn';
import type { VmImage } from '../image/image';
import { accelerator } from '../vm/accelerator';
import type { MachineRecord, PortwayRecord } from './record';

/** The project's root: where package.json is. */
const ROOT = resolve(__dirname, '../../..');

/** Which Portway is rehearsed. A folder that is no checkout of its own has no commit. */
export async function portwayRecord(root = ROOT): Promise<PortwayRecord> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const git = (...args: string[]) =>
    spawn('git', args, { cwd: root, stdin: 'ignore' }).then(
      ({ stdout }) => stdout,
      () => undefined,
    );
  // A copy inside another repository would be given that repository's commit.
  if ((await git('rev-parse', '--show-prefix')) !== '') return { version };
  const [commit, changes] = await Promise.all([git('rev-parse', 'HEAD'), git('status', '--porcelain')]);
  return commit === undefined ? { version } : { version, commit, changed: changes !== '' };
}

/** What the gateways run on. */
export async function machineRecord({ emulator, kernel, architecture }: VmImage, os: string): Promise<MachineRecord> {
  const [program = '', ...words] = emulator.qemu;
  const [{ stdout }, { name }] = await Promise.all([
    spawn(program, [...words, '--version'], { stdin: 'ignore' }),
    accelerator(emulator, kernel),
  ]);
  return { os, qemu: qemuVersion(stdout), acceleration: architecture === 'x86_64' ? name : 'tcg' };
}

/** `10.0.7`, from the first line of `qemu --version`. */
export function qemuVersion(text: string): string {
  return /version (\S+)/.exec(text)?.[1] ?? text.trim();
}
