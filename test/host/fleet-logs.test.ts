import { Forward } from '../../lib/forward/forward';
import { ADDRESS, describeHost, until } from './support/host';
import { type Deployed, deployedOf, edited, INSTANCE, impatient, LiveGateway } from './support/live-gateway';

jest.setTimeout(120_000);

const GROUP = 'FleetGroup';
const STREAMS = ['bootstrap', 'access', 'error'] as const;
/** What EC2 gives as the board's tag; the second host is another instance. */
const INSTANCES = [INSTANCE, 'i-0fedcba9876543210'] as const;

function content(): Deployed {
  return deployedOf({
    fleet: { hosts: 4, balancer: [{ text: '10.0.0.0/24', family: 4 }] },
    forwards: { web: Forward.http({ listen: 80, to: `${ADDRESS.backend.v4}:9001` }) },
    settings: {
      cloudWatch: { level: 'all', retentionDays: 7 },
      shippedLogs: { access: true, retentionDays: 7 },
    },
    alter: (one) =>
      edited(
        edited(impatient(one), '/etc/portway/cloudwatch.json', '"seconds":60', '"seconds":1'),
        '/usr/local/lib/portway/portway/group.py',
        'LONGEST_SECONDS = 300',
        'LONGEST_SECONDS = 2',
      ),
  });
}

describeHost("a fleet's logs in CloudWatch", () => {
  let hosts: readonly LiveGateway[] = [];
  beforeAll(async () => {
    const start = () => LiveGateway.start({ isImpatient: true, hasTag: false, signalUrl: `group://Portway/${GROUP}` });
    hosts = [await start(), await start()];
    const deployed = content();
    for (const [i, gateway] of hosts.entries()) {
      const { host, aws } = gateway;
      await host.write('/sys/devices/virtual/dmi/id/board_asset_tag', `${INSTANCES[i]}\n`);
      await host.app('backend', 'tcp', 9001, '9001');
      const logs = STREAMS.map((name) => `/portway/Portway/logs:${name}`);
      await aws.keep('streams', ['/portway/Portway:metrics', ...logs].join('\n'));
      await gateway.publish(deployed);
      await aws.keep('progress', `${GROUP}\n${deployed.condition}`);
      expect((await gateway.boot()).code).toBe(0);
    }
  });
  afterAll(() => Promise.all(hosts.map((one) => one.stop())));

  /** What the log group has of all hosts. */
  const taken = async () => (await Promise.all(hosts.map(({ aws }) => aws.events()))).flat();
  const lines = async (stream: string) =>
    (await taken()).filter((one) => one.stream === stream).map(({ message }) => JSON.parse(message));

  test('say of each line which host wrote it, once, and leave the fields of a request as they are', async () => {
    for (const [i, { host }] of hosts.entries()) {
      const asks = `for n in $(seq ${3 + i}); do curl -s -o /dev/null http://${ADDRESS.gateway.v4}/host-${i}/$n; done`;
      await host.sh('client', asks);
      await host.sh(
        'gateway',
        `printf '2026/12/01 10:00:00 [error] 7#7: said "by ${i}"\\n' >>/var/log/portway/error.log`,
      );
    }
    const requests = async () => (await lines('access')).filter(({ uri }) => `${uri}`.startsWith('/host-'));
    await until('all requests are told', async () => (await requests()).length >= 7, 20).catch(() => undefined);
    const found = (await requests()).map(({ instance, uri, status }) => [instance, uri, status]);
    const expected = INSTANCES.flatMap((instance, i) =>
      Array.from({ length: 3 + i }, (_, n) => [instance, `/host-${i}/${n + 1}`, 200]),
    );
    expect(found.toSorted()).toEqual(expected.toSorted());

    const errors = async () => (await lines('error')).filter(({ line }) => line.includes('said'));
    await until('what nginx says is told', async () => (await errors()).length >= 2, 20).catch(() => undefined);
    expect(await errors()).toEqual(
      INSTANCES.map((instance, i) => ({ instance, line: `2026/12/01 10:00:00 [error] 7#7: said "by ${i}"` })),
    );
    const booted = (await lines('bootstrap')).filter(({ line }) => line.includes('forwards are up'));
    expect(booted.map(({ instance }) => instance)).toEqual(INSTANCES);
  });

  test('have the name that the events of metrics have', async () => {
    const named = (await lines('metrics')).map(({ Host }) => Host);
    expect([...new Set(named)].toSorted()).toEqual([...INSTANCES].toSorted());
  });
});
