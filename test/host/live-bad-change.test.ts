import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import type { HostContent } from '../../lib/host/host-content';
import { certificatesRoot } from './support/certificates-root';
import type { Deploy } from './support/gateway';
import { ADDRESS, describeHost } from './support/host';
import { type Deployed, deployedOf, edited, INSTANCE, impatient, LiveGateway, POINTER } from './support/live-gateway';

jest.setTimeout(240_000);

const RULES = '/etc/portway/iptables.rules';
const NGINX = '/etc/nginx/nginx.conf';

/** Content with a forward of each engine. `alter` breaks it. */
const content = (
  { kernel = 5001, nginx = 5002, more = {} }: { kernel?: number; nginx?: number; more?: Deploy['forwards'] } = {},
  alter = (one: HostContent) => one,
): Deployed =>
  deployedOf({
    forwards: {
      kernel: Forward.tcp({ listen: kernel, to: `${ADDRESS.backend.v4}:9001`, family: 'ipv4', engine: 'iptables' }),
      nginx: Forward.tcp({ listen: nginx, to: `${ADDRESS.backend.v4}:9002` }),
      ...more,
    },
    alter: (one) => alter(impatient(one)),
  });

describeHost('a bad change on a host with live changes', () => {
  let gateway: LiveGateway;
  const first = content();
  beforeAll(() => certificatesRoot(), 600_000);
  beforeAll(async () => {
    gateway = await LiveGateway.start({ isImpatient: true });
    for (const port of [9001, 9002]) await gateway.host.app('backend', 'tcp', port, `${port}`);
    await gateway.publish(first);
    await gateway.boot();
    await gateway.outcome();
  });
  afterAll(() => gateway?.stop());
  afterEach(() => gateway.goBack(first));

  const answers = async (port: number) => (await gateway.host.ask('client', 'tcp', ADDRESS.gateway.v4, port)).name;
  const rules = () => gateway.host.sh('gateway', 'iptables -S; iptables -t nat -S; cat /etc/nginx/nginx.conf');

  /** The cause in the event. What ran before goes on. */
  const causeOf = async (bad: Deployed) => {
    const before = await rules();
    const { Status, UniqueId } = await gateway.update(bad);
    expect(Status).toBe('FAILURE');
    expect(await rules()).toBe(before);
    expect([await answers(5001), await answers(5002)]).toEqual(['9001', '9002']);
    expect(UniqueId.length).toBeLessThanOrEqual(64);
    expect(UniqueId.startsWith(`${INSTANCE} `)).toBe(true);
    return UniqueId.slice(INSTANCE.length + 1);
  };
  /** How often something stands in the log. */
  const logged = async (text: string) => (await gateway.log()).split(text).length - 1;

  test('is told with the rule that the kernel refused', async () => {
    const bad = content({ kernel: 6001 }, (one) => edited(one, RULES, '-j DNAT', '-j NOTHING'));
    expect(await causeOf(bad)).toMatch(/^iptables refused -A PORTWAY-D/);
    expect(await gateway.log()).toMatch(/FAILED: .*iptables refused: -A PORTWAY-DNAT .*NOTHING/);
  });

  test('is told with what nginx refused', async () => {
    const bad = content({ nginx: 7001 }, (one) => edited(one, NGINX, /^events \{/m, 'nonsense on;\nevents {'));
    expect(await causeOf(bad)).toMatch(/^nginx: line \d+: unknown directive "nonsense"$/);
  });

  test('is told with the program that holds a port', async () => {
    await gateway.host.app('gateway', 'tcp', 7002, 'other');
    expect(await causeOf(content({ nginx: 7002 }))).toBe('nginx: port 7002 is held by python3');
  });

  test('is told with the part that somebody edited', async () => {
    const bad = content({ nginx: 7003 });
    const part = `/portway/Portway${NGINX}.1`;
    const value = bad.parameters[part]?.replace(/9002/g, '9001') ?? '';
    expect(value).toContain('9001');
    expect(await causeOf({ ...bad, parameters: { ...bad.parameters, [part]: value } })).toBe(
      'altered: etc/nginx/nginx.conf',
    );
  });

  test('is told where the pointer is not the one that the tag names', async () => {
    const [bad, other] = [content({ nginx: 7004 }), content({ nginx: 7005 })];
    const pointer = other.parameters[POINTER] ?? '';
    const forged = { ...bad, parameters: { ...other.parameters, [POINTER]: pointer } };
    expect(await causeOf(forged)).toMatch(/^the pointer/);
    expect(await answers(7005)).toMatch(/^none/);
  });

  test('is not tried again until its tag comes back, and then works if its cause is gone', async () => {
    const bad = content({ nginx: 7006 }, (one) => ({
      ...one,
      settings: { ...one.settings, PORTWAY_PACKAGES: `${one.settings.PORTWAY_PACKAGES} marked` },
    }));
    // A package that no mirror has, but somebody installs later.
    await gateway.host.write(
      '/usr/local/bin/apt-get',
      '#!/bin/sh\necho "E: Unable to locate package marked" >&2\nexit 100\n',
      '0755',
    );
    expect(await causeOf(bad)).toBe('no package marked');
    const tried = await logged(`content ${bad.content} was deployed`);
    expect(tried).toBe(1);
    await sleep(6000);
    expect(await logged(`content ${bad.content} was deployed`)).toBe(1);

    await gateway.goBack(first);
    await gateway.host.write('/usr/local/bin/dpkg-query', '#!/bin/sh\necho installed\n', '0755');
    expect(await gateway.update(bad)).toMatchObject({ Status: 'SUCCESS' });
    expect(await answers(7006)).toBe('9002');
    await gateway.host.sh('gateway', 'rm /usr/local/bin/apt-get /usr/local/bin/dpkg-query');
    expect(await gateway.update(first)).toMatchObject({ Status: 'SUCCESS' });
  });

  test('is followed by a good one', async () => {
    expect(await causeOf(content({ nginx: 7002 }))).toMatch(/^nginx: port 7002/);
    expect(await gateway.update(content({ nginx: 7008 }))).toEqual({ Status: 'SUCCESS', UniqueId: INSTANCE });
    expect(await answers(7008)).toBe('9002');
  });
});
