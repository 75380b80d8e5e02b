import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { made } from '../../lib/import/check';
import { readImported } from '../../lib/import/read';
import { ADDRESS, describeHost, STOP_NGINX } from './support/host';
import { NginxHost, STRANGER } from './support/nginx';
import { RulesHost, rulesOf } from './support/rules';

jest.setTimeout(60_000);

const GATEWAY = ADDRESS.gateway.v4;

describeHost('forwards that portway import makes of an nginx.conf', () => {
  let nginx: NginxHost;
  beforeAll(async () => {
    nginx = await NginxHost.start();
    for (const [i, name] of ['one', 'two', 'three'].entries()) await nginx.web(8081 + i, name);
    for (const number of [9001, 9002]) await nginx.host.app('backend', 'tcp', number, `app ${number}`);
    await nginx.host.app('backend', 'udp', 9001, 'udp');
    const certificate = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=x';
    await nginx.host.sh(
      'gateway',
      `openssl req -x509 ${certificate} -keyout /tmp/key.pem -out /tmp/c.pem 2>&1; cat /tmp/c.pem /tmp/key.pem >/tmp/certificate.pem`,
    );
    await nginx.host.sh('client', 'head -c 1500000 /dev/zero >/tmp/large');
  });
  afterAll(() => nginx?.stop());

  const read = (name: string) => {
    const path = join(__dirname, 'import', `${name}.conf`);
    const text = readFileSync(path, 'utf8');
    const { forwards, remarks } = readImported(path, text, 'nginx');
    return {
      text,
      remarks,
      forwards: Object.fromEntries(Object.entries(forwards).map(([key, one]) => [key, made(one)])),
    };
  };

  /** Runs the original, then the forwards, and returns what `look` sees of each. */
  async function both<T>(name: string, look: () => Promise<T>): Promise<readonly [T, T]> {
    const { text, forwards } = read(name);
    await nginx.host.write('/etc/nginx/nginx.conf', text);
    await nginx.host.sh('gateway', 'nginx');
    const original = await look();
    await nginx.host.sh('gateway', STOP_NGINX);
    await nginx.run(forwards);
    const ours = await look();
    await nginx.host.sh('gateway', STOP_NGINX);
    return [original, ours];
  }

  test('stream.conf: every connection is answered alike', async () => {
    const look = async () => {
      const { host } = nginx;
      const answers: unknown[] = [];
      for (const number of [5000, 5000, 5001, 9001, 9002])
        answers.push((await host.ask('client', 'tcp', GATEWAY, number)).name);
      for (const number of [5000, 5001, 9001])
        answers.push(
          (await host.ask('client', 'tcp', GATEWAY, number, { address: STRANGER.v4 })).name.replace(/^none.*/, 'none'),
        );
      answers.push((await host.ask('client', 'udp', GATEWAY, 5002)).name);
      return answers;
    };
    const [original, ours] = await both('stream', look);
    expect(ours).toEqual(original);
    expect(original.slice(3)).toEqual(['app 9001', 'app 9002', expect.stringMatching(/^app/), 'none', 'none', 'udp']);
  });

  test('stream.conf: nothing is lost or unprotected', () => {
    expect(read('stream').remarks.filter(({ fate }) => fate === 'lost' || fate === 'unprotected')).toEqual([]);
  });
});

describeHost('forwards that portway import makes of rules of iptables', () => {
  let kernel: RulesHost;
  beforeAll(async () => {
    kernel = await RulesHost.start();
    const { host } = kernel;
    for (const port of [9001, 9002]) await host.app('backend', 'tcp', port, `app ${port}`);
    for (const port of [7000, 7001]) await host.app('backend', 'udp', port, `udp ${port}`);
    await host.app('gateway', 'tcp', 9000, 'gateway');
    await host.sh('client', `ip addr add ${STRANGER.v4}/24 dev eth0`);
    // Targets that see the client's address answer through the gateway.
    await host.sh('backend', `ip route add default via ${ADDRESS.inside.v4}`);
    await host.sh('gateway', 'sysctl -qw net.ipv4.ip_forward=1');
  });
  afterAll(() => kernel?.stop());

  /** Who answers each client on each port, and which address it saw. */
  async function look(): Promise<readonly unknown[]> {
    const { host } = kernel;
    await host.sh('gateway', 'conntrack -F 2>/dev/null');
    const asked = [80, 5000, 5001, 5002, 5003, 9001, 9002].map((port) => ['tcp', port] as const);
    const all = [...asked, ['udp', 7000] as const, ['udp', 7001] as const].flatMap(([protocol, port]) =>
      [ADDRESS.client.v4, STRANGER.v4].map((address) => ({ protocol, port, address })),
    );
    // At once: those who get no answer wait for it.
    return Promise.all(
      all.map(async ({ protocol, port, address }) => {
        const { name, client } = await host.ask('client', protocol, GATEWAY, port, { address });
        return { protocol, port, address, name: name.replace(/^none.*/, 'none'), client };
      }),
    );
  }

  test('kernel.rules: every client gets the same answer, from the same target, which sees the same address', async () => {
    const path = join(__dirname, 'import', 'kernel.rules');
    const text = readFileSync(path, 'utf8');
    await kernel.host.sh('gateway', 'iptables-restore', text);
    const original = await look();
    await kernel.host.sh(
      'gateway',
      'printf "*nat\\nCOMMIT\\n*filter\\n:FORWARD ACCEPT [0:0]\\nCOMMIT\\n" | iptables-restore',
    );
    const { forwards, remarks } = readImported(path, text, 'iptables');
    await kernel.apply(rulesOf(Object.fromEntries(Object.entries(forwards).map(([key, one]) => [key, made(one)]))));
    const ours = await look();
    expect(ours).toEqual(original);
    expect(new Set(original.map((one) => (one as { name: string }).name))).toEqual(
      new Set(['gateway', 'app 9001', 'app 9002', 'udp 7000', 'udp 7001', 'none']),
    );
    expect(remarks.filter(({ fate }) => fate !== 'own')).toEqual([]);
  });
});
