import { Forward } from '../../lib/forward/forward';
import type { HostContent } from '../../lib/host/host-content';
import { type Deploy, Gateway, type Signal } from './support/gateway';
import { ADDRESS, describeHost, type Host } from './support/host';

jest.setTimeout(60_000);

const RULES = '/etc/portway/iptables.rules';
const CONF = '/etc/nginx/nginx.conf';

/** One forward per engine: `web` by nginx on 80, `raw` by iptables on 81. */
const both = (port: number) => ({
  web: Forward.http({ listen: 80, to: port }),
  raw: Forward.tcp({ listen: 81, to: port, engine: 'iptables' }),
});
const GOOD: Deploy = { forwards: both(8080), content: 'good' };
const CHANGED: Deploy = { forwards: both(8081), content: 'changed' };

/** Changes one of the host's files by hand, to content that synth would never write. */
const edit =
  (path: string, from: string | RegExp, to: string) =>
  (content: HostContent): HostContent => ({
    ...content,
    files: content.files.map((f) => (f.path === path ? { ...f, text: f.text.replace(from, to) } : f)),
  });
const set =
  (settings: Record<string, string>) =>
  (content: HostContent): HostContent => ({
    ...content,
    settings: { ...content.settings, ...settings },
  });

describeHost('when something fails', () => {
  let gateway: Gateway;
  let host: Host;
  beforeEach(async () => {
    gateway = await Gateway.start();
    host = gateway.host;
    await host.app('gateway', 'tcp', 8080, 'before');
    await host.app('gateway', 'tcp', 8081, 'after');
    // Without a mirror, apt fails at once in each round instead of waiting for a timeout.
    await host.sh('gateway', 'rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*');
  });
  afterEach(() => gateway.stop());

  /** Expects the deploy to fail, with a single signal. */
  const fail = async (deploy: Deploy): Promise<Signal> => {
    const before = (await gateway.signals()).length;
    const result = await gateway.boot(deploy);
    expect(result.code).toBe(1);
    expect(result.stdout).toMatch(/^portway \S+ FAILED: /m);
    const signals = (await gateway.signals()).slice(before);
    expect(signals.map((s) => s.Status)).toEqual(['FAILURE']);
    const [signal] = signals as [Signal];
    expect(signal.Data.content).toBe(deploy.content);
    expect(signal.UniqueId).not.toBe('');
    return signal;
  };

  const fileState = () =>
    host.sh(
      'gateway',
      'cd /; cat /var/lib/portway/files | xargs sha256sum; cat /var/lib/portway/files | xargs stat -c "%n %a"',
    );
  const ruleState = () => host.sh('gateway', '{ iptables-nft-save; ip6tables-nft-save; } | sed "/^#/d; s/ \\[.*//"');

  describe.each([
    [
      'an invalid rule',
      edit(RULES, 'REDIRECT --to-ports 8081', 'REDIRECT --to-ports "81\\\\"'),
      /try the new content: .*iptables refused: -A PORTWAY-DNAT .*81/,
    ],
    [
      'an invalid IPv6 rule',
      edit('/etc/portway/ip6tables.rules', 'REDIRECT', 'NONSENSE'),
      /ip6tables refused: -A PORTWAY-DNAT .*NONSENSE/,
    ],
    [
      'a configuration that nginx rejects',
      edit(CONF, 'http {', 'htpp {'),
      /try the new content: nginx -t .*\[emerg\] .*unknown directive "htpp" in/,
    ],
    [
      'a configuration that nginx reads differently',
      edit(CONF, '"@generation@"', '"$status-@generation@"'),
      /nginx does not take the new configuration/,
    ],
    [
      'a missing package',
      set({ PORTWAY_PACKAGES: 'nginx portway-no-such-package' }),
      /install portway-no-such-package: .*Unable to locate package portway-no-such-package/,
    ],
    [
      'an unknown kernel setting',
      (c: HostContent): HostContent => ({
        ...c,
        files: [
          ...c.files,
          { path: '/etc/sysctl.d/90-portway.conf', mode: '0644', text: 'net.no_such = 1\n', origin: 'script' },
        ],
      }),
      /sysctl .*no_such/,
    ],
  ] as const)('%s', (_, alter, reason) => {
    test('fails the deploy with the reason, and keeps the old content running', async () => {
      await gateway.succeed(GOOD);
      const [files, rules] = [await fileState(), await ruleState()];
      const signal = await fail({ ...CHANGED, alter });
      expect(signal.Reason).toMatch(reason);
      for (const port of [80, 81]) {
        expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, port)).name).toBe('before');
      }
      expect(await fileState()).toBe(files);
      expect(await ruleState()).toBe(rules);

      // The next boot fails again, without a second signal for the same content.
      expect((await gateway.reboot()).code).toBe(1);
      expect(await gateway.signals()).toHaveLength(2);
      // Repaired content is accepted.
      await gateway.succeed({ ...CHANGED, content: 'mended' });
      for (const port of [80, 81]) {
        expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, port)).name).toBe('after');
      }
    });
  });

  test('a failed first deploy has nothing to roll back to, and the next one starts clean', async () => {
    await fail({ ...GOOD, alter: edit(CONF, 'http {', 'htpp {') });
    expect(await ruleState()).not.toContain('portway:');
    await gateway.succeed({ ...CHANGED, content: 'mended' });
    expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, 80)).name).toBe('after');
  });

  test('names the program that holds a port', async () => {
    // Another program: nginx would report success and keep the old configuration.
    await host.serve('gateway', ['python3', '/support/app.py', 'tcp', '80', 'taken']);
    const signal = await fail(GOOD);
    expect(signal.Reason).toMatch(/nginx needs port tcp\/80, which another program holds: .*:80 .*"python3",pid=\d+/);
  });

  test('names a taken UDP port within a range', async () => {
    await host.app('gateway', 'udp', 6002, 'taken');
    const voice = Forward.udp({ listen: '6000-6003', to: '10.0.1.10:6000-6003', engine: 'nginx' });
    const signal = await fail({ forwards: { voice }, content: 'udp' });
    expect(signal.Reason).toMatch(/nginx needs port udp\/6000-6003, .*:6002 .*"python3"/);
  });

  test('notices a reload that nginx did not carry out, and rolls the rules back too', async () => {
    await gateway.succeed(GOOD);
    const rules = await ruleState();
    await host.app('gateway', 'tcp', 82, 'taken');
    // Bypasses the check of listeners, as if a program took the port just now.
    const forwards = { ...both(8081), more: Forward.http({ listen: 82, to: 8081 }) };
    const signal = await fail({ forwards, content: 'changed', alter: set({ PORTWAY_NGINX_LISTEN: 'tcp/80' }) });
    expect(signal.Reason).toMatch(/nginx does not take the new configuration: .*bind\(\) to .*:82 failed/);
    expect(await ruleState()).toBe(rules);
    expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, 80)).name).toBe('before');
  });

  test('refuses a host with active ufw', async () => {
    await host.write('/usr/local/sbin/ufw', '#!/bin/sh\necho "Status: active"\n', '0755');
    expect((await fail(GOOD)).Reason).toMatch(/ufw is active/);
  });

  describe('the signal', () => {
    /** Fails in a program with this output. */
    const failSaying = async (script: string) => {
      await host.write('/usr/local/sbin/ss', `#!/bin/bash\n{ ${script}; } >&2\nexit 1\n`, '0755');
      return fail(GOOD);
    };

    test.each([
      [
        'quotes and backslashes',
        String.raw`a "b" \047c\047 \\\\d\\n \\u00e9 %%s`,
        String.raw`a "b" 'c' \\d\n \u00e9 %s`,
      ],
      ['colours', String.raw`\033[1;31mred\033[0m \033]0;title\007 plain`, 'red'],
      ['control bytes', String.raw`a\001b\010\r\nc\177d\t\000e`, 'a b c d e'],
      ['bytes that are no UTF-8', String.raw`x\377\376y caf\303\251 \342\202`, 'x\ufffd\ufffdy caf\u00e9 \ufffd'],
    ])('is valid JSON when the failing line has %s', async (_, bytes, expected) => {
      const { Reason, size } = await failSaying(`printf '${bytes}'`);
      expect(Reason).toContain(expected);
      expect(Reason).not.toMatch(/\p{Cc}/u);
      expect(size).toBeLessThan(4096);
    });

    test.each([
      ['plain', 'x'],
      ['two-byte', String.raw`\303\251`],
      ['four-byte', String.raw`\360\237\230\200`],
      ['quoted', '"'],
    ])('stays within the size limits for a line of 9,000 %s characters', async (_, character) => {
      const { Reason, size } = await failSaying(`for _ in {1..9000}; do printf '${character}'; done`);
      expect(Buffer.byteLength(Reason)).toBeLessThanOrEqual(1000);
      expect(Buffer.byteLength(Reason)).toBeGreaterThan(900);
      expect(Reason).not.toContain('\ufffd');
      expect(size).toBeLessThan(4096);
    });

    test('that gets no answer is not a failure, and is retried at the next boot', async () => {
      const dead = { ...GOOD, signalUrl: `http://${ADDRESS.client.v4}:9/nobody?x=1` };
      await gateway.succeed(dead);
      expect(await gateway.log()).toMatch(/SUCCESS could not be signalled: .*Connection refused/);
      expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, 80)).name).toBe('before');
      await host.sh('gateway', 'rm /var/log/portway/bootstrap.log');
      expect((await gateway.reboot()).code).toBe(0);
      expect(await gateway.log()).toMatch(/could not be signalled/);
    });

    test('to an expired URL is not a failure, and is not retried', async () => {
      const expired = { ...GOOD, signalUrl: `http://${ADDRESS.client.v4}:8000/denied?x=1` };
      await gateway.succeed(expired);
      await gateway.reboot();
      expect((await gateway.signals()).map((s) => s.status)).toEqual([403]);
    });

    test('is sent again when the same content has a new URL', async () => {
      await gateway.succeed(GOOD);
      await gateway.succeed({ ...GOOD, signalUrl: `http://${ADDRESS.client.v4}:8000/again?x=1` });
      expect((await gateway.signals()).map((s) => s.path)).toEqual([expect.stringContaining('demo'), '/again?x=1']);
    });
  });
});
