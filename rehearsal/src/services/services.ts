import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cleanup } from '../cleanup';
import type { VmImage } from '../image/image';
import { IMDS, INTERNET, NAMES, subnetOf, VPC } from '../network/addresses';
import type { Ipv6Map } from '../network/ipv6';
import type { Namespaces } from '../network/namespaces';
import { Backend } from './backend';
import { type Daemon, startDaemon } from './daemon';
import { listening } from './listening';
import { PYTHON } from './python';

export { PYTHON };

export interface ServicesOptions {
  namespaces: Namespaces;
  cleanup: Cleanup;
  /** The folder for logs and the services' data. */
  folder: string;
  image: VmImage;
  /** Unix socket of the signal endpoint. Default: nothing answers there. */
  signalSocket?: string | undefined;
  /** Unix socket of AWS's services. Default: nothing answers there. */
  apiSocket?: string | undefined;
  /** Over how many zones the instances are. Default: 1. Backends are in a lab with one zone only. */
  zones?: number | undefined;
  /** Further names that the VPC's resolver knows, with their addresses. */
  names?: Record<string, string> | undefined;
}

/** An instance's place in DHCP; `ipv6` where it has an address. */
export interface Lease {
  mac: string;
  address: string;
  ipv6?: string | undefined;
  name: string;
}

/** The services around the gateway: metadata, DHCP and DNS, packages, signals, backends. */
export class Services {
  /** Where the metadata service reads what it serves to an instance (see imds.py). */
  readonly imdsFolder: string;
  readonly backends: readonly Backend[];
  readonly #options: ServicesOptions;
  readonly #dnsmasq: Daemon;
  #dnsmasq6: Daemon | undefined;

  private constructor(options: ServicesOptions, imdsFolder: string, backends: readonly Backend[], dnsmasq: Daemon) {
    this.#options = options;
    this.imdsFolder = imdsFolder;
    this.backends = backends;
    this.#dnsmasq = dnsmasq;
  }

  static async start(options: ServicesOptions): Promise<Services> {
    const { namespaces, cleanup, folder, image, zones = 1 } = options;
    const imdsFolder = join(folder, 'imds');
    await mkdir(imdsFolder, { recursive: true });
    await writeFile(join(folder, DHCP_HOSTS), '');

    const start = (name: string, namespace: string, command: string[]) =>
      startDaemon(name, [...namespaces.enter(namespace), ...command], cleanup, { log: join(folder, `${name}.log`) });
    const python = (program: string, ...arguments_: string[]) => [PYTHON, join(__dirname, program), ...arguments_];

    start('imds', 'vpc', python('imds.py', '--address', IMDS, '--folder', imdsFolder));
    const dnsmasq = start('dnsmasq', 'vpc', dnsmasqCommand(folder, { ...NAMES, ...options.names }, zones));
    const packages = ['--address', INTERNET.packages, '--folder', image.repository];
    start('packages', 'internet', python('files.py', ...packages));
    if (options.signalSocket) {
      const relay = ['--address', INTERNET.signal, '--socket', options.signalSocket];
      start('signal', 'internet', python('relay.py', ...relay));
    }
    if (options.apiSocket) {
      const relay = ['--address', INTERNET.aws, '--port', '443', '--socket', options.apiSocket];
      start('aws', 'internet', python('relay.py', ...relay, '--certificate', image.awsCertificate));
    }
    const backends = zones > 1 ? [] : VPC.backends.map((address) => new Backend({ ...options, address }));
    await Promise.all([
      listening(namespaces, 'vpc', [`${IMDS}:80`, `${VPC.resolver}:53`], folder),
      listening(namespaces, 'internet', [`${INTERNET.packages}:80`], folder),
      ...(options.signalSocket ? [listening(namespaces, 'internet', [`${INTERNET.signal}:80`], folder)] : []),
      ...(options.apiSocket ? [listening(namespaces, 'internet', [`${INTERNET.aws}:443`], folder)] : []),
      ...backends.map((backend) => backend.start()),
    ]);
    return new Services(options, imdsFolder, backends, dnsmasq);
  }

  /** Sets which instance (by its MAC address) gets which address. */
  async setLeases(leases: Lease[]): Promise<void> {
    const { folder } = this.#options;
    const lines = (list: Lease[], address: (lease: Lease) => string) =>
      list.map((lease) => `${lease.mac},${address(lease)},${lease.name}\n`).join('');
    await writeFile(
      join(folder, DHCP_HOSTS),
      lines(leases, ({ address }) => address),
    );
    await writeFile(
      join(folder, DHCP6_HOSTS),
      lines(
        leases.filter(({ ipv6 }) => ipv6),
        ({ ipv6 }) => `[${ipv6}]`,
      ),
    );
    // dnsmasq rereads its hosts on this signal. The process is dnsmasq itself: setpriv and nsenter were replaced by it.
    for (const dnsmasq of [this.#dnsmasq, this.#dnsmasq6]) dnsmasq?.child.kill('SIGHUP');
  }

  /**
   * Makes the router announce itself in the gateway's subnet, and hand out IPv6 addresses there: on EC2 the default
   * route comes from router advertisements, and the address from DHCPv6. Once is enough.
   */
  async advertise(map: Ipv6Map): Promise<void> {
    if (this.#dnsmasq6) return;
    const { namespaces, cleanup, folder } = this.#options;
    const command = [...namespaces.enter('vpc'), ...advertiserCommand(folder, map)] as [string, ...string[]];
    this.#dnsmasq6 = startDaemon('dnsmasq6', command, cleanup, { log: join(folder, 'dnsmasq6.log') });
    // A signal before it is ready would end it.
    await listening(namespaces, 'vpc', ['[::]%vpc:547'], folder);
  }
}

/** Names of files in the lab's folder. */
const DHCP_HOSTS = 'dhcp-hosts';
const DHCP6_HOSTS = 'dhcp6-hosts';

/**
 * Seconds between two router advertisements, and how long each is valid: a host that stops listening is noticed soon.
 */
const ADVERTISEMENT = { interval: 10, lifetime: 30 };

/** Options of every dnsmasq in the lab. */
const DNSMASQ = [
  'dnsmasq',
  '--keep-in-foreground',
  '--conf-file=/dev/null',
  '--pid-file=',
  // Keeps the current user and group: changing either would make it outlive a killed run (prctl(2)).
  '--user=root',
  '--group=root',
  '--log-facility=-',
  '--log-dhcp',
  '--bind-interfaces',
  '--dhcp-authoritative',
  '--no-ping',
];

function dnsmasqCommand(folder: string, names: Record<string, string>, zones: number): string[] {
  const subnets = Array.from({ length: zones }, (_, zone) => ({ ...subnetOf(zone), tag: `zone${zone}` }));
  return [
    ...DNSMASQ,
    ...['--except-interface=lo', `--listen-address=${VPC.resolver}`, `--listen-address=${VPC.router}`],
    // There is no internet behind the lab: unknown names do not exist.
    ...['--no-resolv', '--no-hosts', '--local=/#/'],
    ...Object.entries(names).map(([name, address]) => `--host-record=${name},${address}`),
    ...subnets.flatMap(({ cidr, router, tag }) => [
      `--dhcp-range=set:${tag},${cidr.split('/')[0]},static,255.255.255.0,1h`,
      `--dhcp-option=tag:${tag},option:router,${router}`,
    ]),
    ...[`--dhcp-hostsfile=${join(folder, DHCP_HOSTS)}`, `--dhcp-leasefile=${join(folder, 'dhcp-leases')}`],
    `--dhcp-option=option:dns-server,${VPC.resolver}`,
    '--domain=ec2.internal',
  ];
}

function advertiserCommand(folder: string, { subnet }: Ipv6Map): string[] {
  return [
    ...DNSMASQ,
    ...['--port=0', '--interface=vpc', '--enable-ra'],
    `--ra-param=vpc,${ADVERTISEMENT.interval},${ADVERTISEMENT.lifetime}`,
    // Off-link: as in IPv4, instances reach each other only through the router.
    `--dhcp-range=${subnet.split('/')[0]},static,off-link,64,1h`,
    ...[`--dhcp-hostsfile=${join(folder, DHCP6_HOSTS)}`, `--dhcp-leasefile=${join(folder, 'dhcp6-leases')}`],
  ];
}
