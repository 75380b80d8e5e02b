import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Architecture } from '../../../lib/host/operating-system';
import { type CountImage, ROOT_PARTITION, START_IN_IMAGE } from './image';

/**
 * One processor that executes one instruction in a nanosecond of its own time; `sleep=off`: an idle machine's clock jumps to
 * its next timer.
 */
const PROCESSOR = [
  ...['-accel', 'tcg,thread=single,tb-size=512', '-icount', 'shift=0,sleep=off'],
  ...['-smp', '1', '-m', '2048'],
];

/** What differs between architectures. */
const MACHINES: Readonly<
  Record<Architecture, { words: readonly string[]; console: string; kernelArguments: readonly string[] }>
> = {
  // The model is named, since `max` changes with QEMU's version. It has no `erms`: `rep movsb` would count as an instruction for each
  // byte.
  x86_64: {
    words: ['-machine', 'pc', '-cpu', 'EPYC-v1'],
    console: 'ttyS0',
    kernelArguments: ['tsc=reliable'],
  },
  // Graviton2 is built from Neoverse N1.
  arm64: { words: ['-machine', 'virt', '-cpu', 'neoverse-n1'], console: 'ttyAMA0', kernelArguments: [] },
};

/** As on the rehearsal's machines: no defences, whose cost depends on the processor. */
const KERNEL_ARGUMENTS = [
  // The disks are found at the same time, so that their names are not always the same.
  ...[`root=PARTUUID=${ROOT_PARTITION}`, 'rootwait', 'ro', 'quiet', `init=${START_IN_IMAGE}`, 'panic=-1'],
  // Whoever waits for the disk waits on this machine's clock, while the other one runs ahead.
  ...['nvme_core.io_timeout=1000000', 'nvme_core.admin_timeout=1000000'],
  ...['mitigations=off', 'nokaslr', 'nowatchdog', 'audit=0'],
];

/** A machine that has not ended by then never will: it has taken four minutes, and this one may be busy. */
const LIMIT_MS = 1_200_000;

/**
 * Boots a machine that does what an archive says, and returns when it has ended.
 *
 * @param archive a tar file, see guest/run.sh
 * @param onLine called with each line of the result; if it throws, the machine is stopped
 * @throws Error with the end of its console if it does not come to its end
 */
export async function runMachine(
  image: CountImage,
  archive: string,
  onLine: (line: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'portway-count-'));
  const consoleLog = join(folder, 'console.log');
  const [program = '', ...words] = image.emulator.qemu;
  const machine = MACHINES[image.architecture];
  const kernelArguments = [...KERNEL_ARGUMENTS, `console=${machine.console}`, ...machine.kernelArguments];
  const all = [
    ...words,
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', ...PROCESSOR, ...machine.words],
    ...['-kernel', image.kernel, '-append', kernelArguments.join(' ')],
    // Debian's cloud kernel has NVMe's driver built in.
    ...['-device', 'nvme,id=disks,serial=disks'],
    ...disk('root', image.disk),
    ...disk('job', archive),
    ...['-serial', `file:${consoleLog}`, '-serial', 'stdio'],
  ];
  try {
    let done = false;
    // The machine must not outlive the run, however that ends.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', program, ...all], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIMIT_MS,
      killSignal: 'SIGKILL',
      ...(signal === undefined ? {} : { signal }),
    });
    const ended = new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', () => resolve());
    });
    let complaints = '';
    child.stderr.on('data', (data: Buffer) => {
      complaints += data;
    });
    let refused: unknown;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const text = line.trim();
      if (text === 'done') done = true;
      if (text === 'done' || text === '' || refused !== undefined) return;
      try {
        onLine(text);
      } catch (error) {
        refused = error;
        child.kill('SIGKILL');
      }
    });
    await ended;
    if (refused !== undefined) throw refused;
    if (done) return;
    const said = await readFile(consoleLog, 'utf8').catch(() => '');
    throw new Error(`the machine that counts did not come to its end:\n${complaints}${said.slice(-2000)}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A disk that the run cannot change, of the controller that both share. */
function disk(name: string, file: string): readonly string[] {
  const path = file.replaceAll(',', ',,');
  return [
    ...['-drive', `file=${path},format=raw,if=none,id=${name},snapshot=on`],
    ...['-device', `nvme-ns,drive=${name},bus=disks`],
  ];
}
