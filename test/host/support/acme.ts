import { setTimeout as sleep } from 'node:timers/promises';
import { certificatesRoot } from './certificates-root';
import { Gateway } from './gateway';
import { ADDRESS, type Host } from './host';

/** The backend plays the internet: a CA, and the DNS server of the CA and the gateway. */
const WORLD = ADDRESS.backend.v4;
/** The gateway's address as the CA sees it. */
const GATEWAY = ADDRESS.inside.v4;

export const DIRECTORY = `https://${WORLD}:14000/dir`;

/** Settings of pebble: checks each domain every time and at once, and rejects no nonce at random. */
export const PEBBLE = 'PEBBLE_VA_NOSLEEP=1 PEBBLE_AUTHZREUSE=0 PEBBLE_WFE_NONCEREJECT=0';

/** The command for pebble outside of the root that has it, with that root's libraries. */
export function pebbleOutside(root: string): readonly string[] {
  const libraries = [`${root}/usr/lib/x86_64-linux-gnu`, `${root}/lib/x86_64-linux-gnu`].join(':');
  return [`${root}/lib64/ld-linux-x86-64.so.2`, '--library-path', libraries, `${root}/usr/bin/pebble`];
}

/** Creates the certificate of the CA's own HTTPS server in a folder, and prints its root certificate. */
export function makeCa(folder: string, address: string): string {
  return `mkdir -p ${folder}; cd ${folder}
    curve='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
    openssl req -x509 $curve -days 900 -subj /CN=test-ca -keyout ca.key -out ca.pem 2>/dev/null
    openssl req $curve -subj /CN=ca -keyout key.pem -out request 2>/dev/null
    openssl x509 -req -in request -days 900 -CA ca.pem -CAkey ca.key -out certificate.pem \\
      -extfile <(echo subjectAltName=IP:${address}) 2>/dev/null
    cat ca.pem`;
}

/** Certificates are valid for 90 days, like Let's Encrypt's. */
export function pebbleSettings(folder: string): string {
  const pebble = {
    listenAddress: '0.0.0.0:14000',
    managementListenAddress: '0.0.0.0:15000',
    certificate: `${folder}/certificate.pem`,
    privateKey: `${folder}/key.pem`,
    httpPort: 80,
    tlsPort: 443,
    ocspResponderURL: '',
    externalAccountBindingRequired: false,
    certificateValidityPeriod: 90 * 86_400,
  };
  return JSON.stringify({ pebble });
}

/** A gateway beside a CA that speaks ACME: pebble, which checks domains as Let's Encrypt does. */
export class AcmeWorld {
  private constructor(readonly gateway: Gateway) {}

  static async start(): Promise<AcmeWorld> {
    const world = new AcmeWorld(
      await Gateway.start({ root: await certificatesRoot(), rooted: ['gateway', 'backend'] }),
    );
    await world.startCa();
    await world.startDns();
    return world;
  }

  stop(): Promise<void> {
    return this.gateway.stop();
  }

  private get host(): Host {
    return this.gateway.host;
  }

  /** A drop-in makes the service trust this CA. */
  private async startCa(): Promise<void> {
    const ca = await this.host.sh('backend', makeCa('/run/ca', WORLD));
    await this.host.sh('backend', 'cat >/run/ca/pebble.json', pebbleSettings('/run/ca'));
    const command = `${PEBBLE} pebble -config /run/ca/pebble.json -dnsserver ${WORLD}:53 2>&1 | tee /run/ca/log`;
    await this.host.serve('backend', ['bash', '-c', command]);
    await this.host.write('/etc/portway-test-ca.pem', ca);
    await this.host.write(
      '/etc/systemd/system/portway-certificates.service.d/test.conf',
      '[Service]\nEnvironment=REQUESTS_CA_BUNDLE=/etc/portway-test-ca.pem\n',
    );
  }

  private async startDns(): Promise<void> {
    await this.lead({});
    await this.host.serve('backend', ['python3', '/support/dns.py', WORLD, '/run/names', '/run/asked']);
    await this.host.write('/etc/resolv.conf', `nameserver ${WORLD}\n`);
  }

  /** Resolves names to the gateway, or to a given address. */
  async lead(names: Readonly<Record<string, 'here' | string>>): Promise<void> {
    const addresses = Object.entries(names).map(([name, to]) => [name, to === 'here' ? GATEWAY : to]);
    await this.host.sh('backend', 'cat >/run/names', JSON.stringify(Object.fromEntries(addresses)));
  }

  /** Runs the timer's service once, now or with the clock some days ahead. @returns its output */
  async run({ days = 0 }: { readonly days?: number } = {}): Promise<string> {
    const clock = days === 0 ? '' : `faketime '+${days} days' `;
    await this.host.sh('gateway', `rm -f /var/log/portway-certificates; ${clock}systemctl start portway-certificates`);
    return this.host.read('/var/log/portway-certificates');
  }

  /** The number of certificates requested from the CA. */
  async orders(): Promise<number> {
    return Number(await this.host.sh('backend', "grep -c 'POST /order-plz' /run/ca/log || :"));
  }

  served(): Promise<Served> {
    return servedBy(this.host);
  }
}

export interface Served {
  readonly issuer: string;
  readonly serial: string;
  readonly names: string;
}

/** The certificate that a client gets. */
export async function servedBy(host: Host): Promise<Served> {
  // Old workers may still answer for a moment after a reload.
  await sleep(300);
  const shown = await host.sh(
    'client',
    `openssl s_client -connect ${ADDRESS.gateway.v4}:443 </dev/null 2>/dev/null |
      openssl x509 -noout -issuer -serial -ext subjectAltName -nameopt RFC2253 2>/dev/null`,
  );
  const line = (start: RegExp) =>
    shown
      .split('\n')
      .find((l) => start.test(l))
      ?.replace(start, '') ?? '';
  return { issuer: line(/^issuer=/), serial: line(/^serial=/), names: line(/^ *DNS:/) };
}
