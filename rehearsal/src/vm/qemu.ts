import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cleanup } from '../cleanup';
import type { VmImage } from '../image/image';
import { call } from '../network/namespaces';
import { type Daemon, startDaemon } from '../services/daemon';
import { type QemuMachine, qemuMachine } from './machine';
import { Qmp } from './qmp';

export interface VmOptions {
  /** Names its files: <name>.qcow2, <name>-console.log, <name>-qemu.log. */
  name: string;
  image: VmImage;
  /** Where its files go. */
  folder: string;
  cleanup: Cleanup;
  /** The words that run a command in the tap's network namespace. */
  enter: readonly string[];
  tap: string;
  mac: string;
  /** EC2 writes it into the BIOS. cloud-init recognizes EC2 by it, and the host its own instance id. */
  instanceId: string;
  instanceType: string;
  /** Default: 1. */
  cpus?: number | undefined;
  /** Default: 1024, as t4g.micro has. */
  memoryMib?: number | undefined;
  /** Whether it counts its instructions, which makes it slower. Default: false. */
  counted?: boolean | undefined;
}

/**
 * How long the guest may take to shut down by itself before the power is cut, in milliseconds. EC2 gives it minutes.
 */
const SHUTDOWN_LIMIT_MS = 90_000;

/** The kernel's command line. It changes nothing that a host script sees, only what costs time on an emulated CPU. */
const KERNEL_ARGUMENTS = [
  ...['root=/dev/nvme0n1', 'rw', 'quiet', 'fsck.mode=skip'],
  // A kernel's defences against its users cost a tenth of a boot's CPU time (measured).
  ...['mitigations=off', 'init_on_alloc=0', 'hardened_usercopy=off', 'randomize_kstack_offset=off', 'nokaslr'],
  ...['nowatchdog', 'audit=0', 'tsc=reliable'],
];

/** A virtual machine of the rehearsal. Its disk lives as long as the run, while its power may go off and on. */
export class Vm {
  readonly name: string;
  /** Everything that the machine printed on its serial console, over all boots. */
  readonly console: string;
  /** The type in its BIOS. Applies from the next start. */
  instanceType: string;
  readonly #options: VmOptions;
  readonly #disk: string;
  #running: { daemon: Daemon; qmp: Qmp } | undefined;

  constructor(options: VmOptions) {
    this.#options = options;
    this.name = options.name;
    this.instanceType = options.instanceType;
    this.console = join(options.folder, `${options.name}-console.log`);
    this.#disk = join(options.folder, `${options.name}.qcow2`);
  }

  get alive(): boolean {
    return this.#running !== undefined;
  }

  /** How many instructions a machine that counts has executed since its power went on. @throws Error if it is off */
  async instructions(): Promise<number> {
    if (!this.#running) throw new Error(`the VM ${this.name} is off`);
    // QEMU's only command that tells; nothing is replayed.
    const { icount } = (await this.#running.qmp.command('query-replay')) as { icount: number };
    return icount;
  }

  /** Switches the power on, and returns when the machine runs, before it has booted. */
  async start(): Promise<void> {
    if (this.#running) throw new Error(`the VM ${this.name} is running already`);
    const { cleanup, folder, name, image } = this.#options;
    if (!existsSync(this.#disk)) {
      const [program = '', ...words] = image.emulator.qemuImg;
      await call(program, [...words, 'create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', image.disk, this.#disk]);
    }
    const machine = await qemuMachine(image, this.#options.counted);
    const command = [...this.#options.enter, ...machine.command, ...this.#arguments(machine)];
    const log = join(folder, `${name}-qemu.log`);
    const daemon = startDaemon(`VM ${name}`, command as [string, ...string[]], cleanup, { log, pipes: true });
    const { stdin, stdout } = daemon.child;
    if (!stdin || !stdout) throw new Error(`QEMU could not be started, see ${log}`);
    const running = { daemon, qmp: new Qmp(stdin, stdout) };
    this.#running = running;
    void daemon.exited.then(() => {
      if (this.#running === running) this.#running = undefined;
    });
    await running.qmp.command('qmp_capabilities').catch(() => {
      throw new Error(`QEMU did not start, see ${log}`);
    });
  }

  /** Presses the power button, and cuts the power if the guest does not shut down in time. @returns whether it did */
  async powerOff(limitMs = SHUTDOWN_LIMIT_MS): Promise<boolean> {
    const running = this.#running;
    if (!running) return true;
    await running.qmp.command('system_powerdown');
    if (await within(running.daemon.exited, limitMs)) return true;
    await this.hardOff();
    return false;
  }

  /** Cuts the power. */
  async hardOff(): Promise<void> {
    await this.#running?.daemon.stop();
  }

  /**
   * Restarts the guest as EC2's reboot does: asks the system to shut down, and cuts the power if that takes too long.
   * Returns when the machine has started again. @returns whether the guest shut down by itself
   *
   * The machine starts in a new QEMU. After a reset, 7.2 takes 12 to 80 s to reach the kernel's first instruction: each
   * page that the kernel is unpacked to still has translated code of the last boot, which is discarded write by write.
   */
  async reboot(limitMs = SHUTDOWN_LIMIT_MS): Promise<boolean> {
    if (!this.#running) throw new Error(`the VM ${this.name} is off`);
    const orderly = await this.powerOff(limitMs);
    await this.start();
    return orderly;
  }

  /** Resolves when the machine is off. */
  async off(): Promise<void> {
    await this.#running?.daemon.exited;
  }

  #arguments(machine: QemuMachine): string[] {
    const { image, tap, mac, instanceId, cpus = 1, memoryMib = 1024 } = this.#options;
    // As on EC2, where cloud-init's ds-identify looks for "ec2" in serial and uuid.
    const uuid = `ec2${instanceId.replace(/^i-/, '').padEnd(29, '0')}`.slice(0, 32);
    const dashed = uuid.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
    return [
      ...['-nodefaults', '-no-user-config', '-display', 'none', ...machine.arguments],
      ...['-smp', `${cpus}`, '-m', `${memoryMib}`],
      ...['-kernel', image.kernel, '-append'],
      [...KERNEL_ARGUMENTS, ...machine.kernelArguments, `console=${machine.console}`].join(' '),
      // A rehearsal's disk need not survive a crash of the machine that runs it, so flushes are ignored.
      ...['-drive', `file=${escaped(this.#disk)},format=qcow2,if=none,id=root,cache=unsafe`],
      // As on EC2's Nitro. Debian's cloud kernel has this driver built in, and virtio's only as a module.
      ...['-device', 'nvme,drive=root,serial=vol0123456789abcdef0'],
      ...['-netdev', `tap,id=net0,ifname=${tap},script=no,downscript=no`],
      ...['-device', `virtio-net-pci,netdev=net0,mac=${mac},romfile=`, '-device', 'virtio-rng-pci'],
      ...['-smbios', `type=0,vendor=Amazon EC2,version=1.0`],
      ...['-smbios', `type=1,manufacturer=Amazon EC2,product=${this.instanceType},uuid=${dashed},serial=${dashed}`],
      ...['-smbios', `type=2,manufacturer=Amazon EC2,asset=${instanceId}`],
      ...['-smbios', `type=3,manufacturer=Amazon EC2,asset=Amazon EC2`],
      ...['-chardev', `file,id=console,path=${escaped(this.console)},append=on`, '-serial', 'chardev:console'],
      ...['-rtc', 'base=utc', '-qmp', 'stdio'],
    ];
  }
}

/** A path inside one of QEMU's comma-separated arguments. */
function escaped(path: string): string {
  return path.replaceAll(',', ',,');
}

async function within(event: Promise<unknown>, limitMs: number): Promise<boolean> {
  return Promise.race([event.then(() => true), sleep(limitMs, false, { ref: false })]);
}
