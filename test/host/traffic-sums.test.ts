import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Forward } from '../../lib/forward/forward';
import type { HostStatus } from '../../lib/host/outputs/status';
import { readPrinted } from '../support/json-schema';
import { type Deploy, Gateway } from './support/gateway';
import { ADDRESS, describeHost, type Host, until } from './support/host';

jest.setTimeout(120_000);

const SHORT = 10_000;
const LONG = 10;
const PORT = 7000;

const game = Forward.tcp({ listen: PORT, to: `${ADDRESS.backend.v4}:9000`, engine: 'iptables' });
const DEPLOY: Deploy = { forwards: { game } };

interface Carried {
  readonly packets: number;
  readonly bytes: number;
  readonly connections: number;
}

/** What `portway status` says that a forward carried, beside a rule that counts its packets one by one. */
describeHost('the sums of what a forward carried', () => {
  let gateway: Gateway;
  let host: Host;
  const record = join(tmpdir(), `portway-carried-${process.pid}`);
  const carry = (party: 'client' | 'backend', ...words: readonly (string | number)[]) => [
    ...['python3', '-I', host.support(party, 'carry.py')],
    ...words.map(String),
  ];
  const status = async () =>
    readPrinted<HostStatus>('status', (await host.run('gateway', ['portway', 'status', '--json'])).stdout);
  const carried = async (): Promise<Carried> => {
    const [forward] = (await status()).forwards;
    return {
      packets: Number(forward?.packets),
      bytes: Number(forward?.bytes),
      connections: Number(forward?.connections),
    };
  };
  const counted = async () => {
    const text = await host.sh('gateway', 'nft list counter inet watch carried');
    const [, packets, bytes] = /packets (\d+) bytes (\d+)/.exec(text) ?? [];
    return { packets: Number(packets), bytes: Number(bytes) };
  };
  const start = async (deploy: Deploy) => {
    gateway = await Gateway.start();
    host = gateway.host;
    await gateway.succeed(deploy);
    await host.sh(
      'gateway',
      `nft -f - <<'END'
      table inet watch {
        counter carried { }
        chain seen { type filter hook prerouting priority dstnat + 1; ct status dnat ct original proto-dst ${PORT} counter name carried; }
      }
END`,
    );
    await host.sh('backend', `ip route add default via ${ADDRESS.inside.v4}`);
    await host.serve('backend', carry('backend', 'serve', 9000));
    await until(
      'the application answers',
      async () => (await host.run('client', ['bash', '-c', `</dev/tcp/${ADDRESS.gateway.v4}/${PORT}`])).code === 0,
    );
  };
  afterEach(async () => {
    await gateway.stop();
    await rm(record, { force: true });
  });

  test(`are those of the kernel, for ${SHORT} short connections and ${LONG} long ones, beside changes and restarts`, async () => {
    await start(DEPLOY);
    const before = { ...(await carried()), ...(await counted()) };
    const done = host.run('client', carry('client', 'ask', ADDRESS.gateway.v4, PORT, SHORT, LONG, record));
    const reached = (number: number) =>
      until(`${number} are done`, async () => Number(await readFile(record, 'utf8').catch(() => 0)) >= number, 60);
    // The rules of all forwards are written anew, and those of this one lie in another chain.
    await reached(2000);
    const others = Array.from({ length: 20 }, (_, i) => [`more-${i}`, Forward.tcp({ listen: 8000 + i, to: 9000 + i })]);
    await gateway.succeed({ forwards: { game, ...Object.fromEntries(others) }, content: 'c2' });
    await host.sh('gateway', 'systemctl stop portway-traffic');
    await reached(5000);
    await host.sh(
      'gateway',
      'conntrack -D -p tcp --state TIME_WAIT >/dev/null 2>&1 || :; systemctl stop portway-traffic',
    );
    await reached(7000);
    await host.sh(
      'gateway',
      'conntrack -D -p tcp --state TIME_WAIT >/dev/null 2>&1 || :; systemctl stop portway-traffic',
    );
    expect(await done).toMatchObject({ code: 0, stderr: '' });
    const all = await carried();
    const kernel = await counted();
    expect({ packets: all.packets, bytes: all.bytes }).toEqual(kernel);
    expect(kernel.bytes - before.bytes).toBeGreaterThan(SHORT * 1000);
    expect(all.connections - before.connections).toBe(SHORT + LONG);
    await host.sh('gateway', 'conntrack -F 2>/dev/null');
    expect(await carried()).toEqual(all);
    expect((await status()).warnings.filter((warning: string) => warning.includes('counted'))).toEqual([]);
  });

  test('say how many connections ended too fast to be counted', async () => {
    const small = 'ReceiveBuffer=1M';
    await start({
      ...DEPLOY,
      alter: (content) => ({
        ...content,
        files: content.files.map((file) => ({ ...file, text: file.text.replace(/^ReceiveBuffer=.*$/m, small) })),
      }),
    });
    // `lost` is of all connections of the host.
    await host.sh('gateway', 'conntrack -F 2>/dev/null');
    const before = await carried();
    expect(
      await host.run('client', carry('client', 'ask', ADDRESS.gateway.v4, PORT, 3000, LONG, record)),
    ).toMatchObject({ code: 0 });
    // It is held up, and all end at once.
    await host.sh(
      'gateway',
      `until pid=$(cat /run/systemd/portway-traffic.pid 2>/dev/null) && kill -STOP "$pid"; do conntrack -D -p tcp --state TIME_WAIT >/dev/null 2>&1; done
      conntrack -F 2>/dev/null; kill -CONT "$pid"`,
    );
    const { connections } = await carried();
    const [warning] = (await status()).warnings.filter((one: string) => one.includes('counted'));
    const lost = Number(/^(\d+) connections ended too fast to be counted$/.exec(warning ?? '')?.[1]);
    expect(lost).toBeGreaterThan(500);
    expect(connections - before.connections + lost).toBe(3000 + LONG);
  });
});
