import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cleanup } from '../cleanup';
import type { VmImage } from '../image/image';
import { IMDS, INTERNET, NAMES, VPC } from '../network/addresses';
import type { Namespaces } from '../network/namespaces';
import { type Daemon, startDaemon } from './daemon';

/** The system's Python: the services are programs of its standard library, so a user's own one has no say. */
export const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';

/** Time for a service to listen, in milliseconds. */
const READY_LIMIT_MS = 15_000;

export interface ServicesOptions {
  namespaces: Namespaces;
  cleanup: Cleanup;
  /** Where logs and the services' data go. */
  folder: string;
  image: VmImage;
  /** Unix socket of the signal endpoint. Default: nothing answers there. */
  signalSocket?: string | undefined;
  /** Further names that the VPC's resolver knows, with their addresses. */
  names?: Record<string, string> | undefined;
}

/** What stands around the gateway: metadata, DHCP and DNS, packages, signals, backends. */
export class Services {
  /** Where the metadata service finds what it tells an instance (see imds.py). */
  readonly imdsFolder: string;
  readonly #dhcpHosts: string;
  readonly #dnsmasq: Daemon;

  private constructor(imdsFolder: string, dhcpHosts: string, dnsmasq: Daemon) {
    this.imdsFolder = imdsFolder;
    this.#dhcpHosts = dhcpHosts;
    this.#dnsmasq = dnsmasq;
  }

  static async start(options: ServicesOptions): Promise<Services> {
    const { namespaces, cleanup, folder, image } = options;
    const imdsFolder = join(folder, 'imds');
    const dhcpHosts = join(folder, 'dhcp-hosts');
    await mkdir(imdsFolder, { recursive: true });
    await writeFile(dhcpHosts, '');

    const start = (name: string, namespace: string, command: string[]) =>
      startDaemon(name, [...namespaces.enter(namespace), ...command], cleanup, { log: join(folder, `${name}.log`) });
    const python = (program: string, ...arguments_: string[]) => [PYTHON, join(__dirname, program), ...arguments_];

    start('imds', 'vpc', python('imds.py', '--address', IMDS, '--folder', imdsFolder));
    const dnsmasq = start('dnsmasq', 'vpc', dnsmasqCommand(folder, dhcpHosts, { ...NAMES, ...options.names }));
    const packages = ['--address', INTERNET.packages, '--folder', image.repository];
    start('packages', 'internet', python('files.py', ...packages));
    if (options.signalSocket) {
      const relay = ['--address', INTERNET.signal, '--socket', options.signalSocket];
      start('signal', 'internet', python('relay.py', ...relay));
    }
    for (const backend of VPC.backends) {
      const name = `backend-${backend.split('.')[3]}`;
      const ports = ['--http', '8080', '--https', '8443', '--certificate', image.certificate];
      start(name, name, [PYTHON, image.application, ...ports]);
    }
    await Promise.all([
      listening(namespaces, 'vpc', [`${IMDS}:80`, `${VPC.resolver}:53`], folder),
      listening(namespaces, 'internet', [`${INTERNET.packages}:80`], folder),
      ...(options.signalSocket ? [listening(namespaces, 'internet', [`${INTERNET.signal}:80`], folder)] : []),
      ...VPC.backends.map((address) =>
        listening(namespaces, `backend-${address.split('.')[3]}`, ['0.0.0.0:8443'], folder),
      ),
    ]);
    return new Services(imdsFolder, dhcpHosts, dnsmasq);
  }

  /** Says which instance (by its MAC address) gets which address. */
  async setLeases(leases: { mac: string; address: string; name: string }[]): Promise<void> {
    await writeFile(this.#dhcpHosts, leases.map(({ mac, address, name }) => `${mac},${address},${name}\n`).join(''));
    // dnsmasq reads its hosts again at this signal. It is the daemon's own process: setpriv and nsenter became it.
    this.#dnsmasq.child.kill('SIGHUP');
  }
}

function dnsmasqCommand(folder: string, dhcpHosts: string, names: Record<string, string>): string[] {
  return [
    'dnsmasq',
    ...[
      '--keep-in-foreground',
      '--conf-file=/dev/null',
      '--pid-file=',
      // Of the same user and group as now: a change of either would make it outlive a run that is killed (prctl(2)).
      '--user=root',
      '--group=root',
      '--log-facility=-',
      '--log-dhcp',
    ],
    ...[
      '--bind-interfaces',
      '--except-interface=lo',
      `--listen-address=${VPC.resolver}`,
      `--listen-address=${VPC.router}`,
    ],
    // The lab has no internet behind it: a name that is not known does not exist.
    ...['--no-resolv', '--no-hosts', '--local=/#/'],
    ...Object.entries(names).map(([name, address]) => `--host-record=${name},${address}`),
    ...[`--dhcp-range=${VPC.subnet.split('/')[0]},static,255.255.255.0,1h`, `--dhcp-hostsfile=${dhcpHosts}`],
    ...[`--dhcp-option=option:router,${VPC.router}`, `--dhcp-option=option:dns-server,${VPC.resolver}`],
    ...[
      '--domain=ec2.internal',
      '--dhcp-authoritative',
      '--no-ping',
      `--dhcp-leasefile=${join(folder, 'dhcp-leases')}`,
    ],
  ];
}

/** Waits until all the sockets listen; a service that does not come up has its reason in its log. */
async function listening(namespaces: Namespaces, namespace: string, sockets: string[], folder: string): Promise<void> {
  const until = Date.now() + READY_LIMIT_MS;
  for (;;) {
    const { stdout } = await namespaces.run(namespace, ['ss', '--no-header', '--listening', '--tcp', '--numeric']);
    const missing = sockets.filter((socket) => !stdout.includes(` ${socket} `));
    if (missing.length === 0) return;
    if (Date.now() > until) {
      throw new Error(`the lab's service on ${missing.join(', ')} does not listen; its log is in ${folder}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
