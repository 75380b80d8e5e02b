import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import type { HostContent } from '../../lib/host/host-content';
import { SOURCE_ADDRESS } from '../../lib/nginx/source-address';
import { type Deploy, Gateway, SIGNAL_URL } from './support/gateway';
import { ADDRESS, describeHost, type Host, KILL_NGINX, STOP_NGINX } from './support/host';

jest.setTimeout(60_000);

const IPTABLES: Deploy = {
  forwards: { web: Forward.tcp({ listen: 80, to: 8080, engine: 'iptables' }) },
  content: 'ipt',
};
const NGINX: Deploy = { forwards: { web: Forward.http({ listen: 80, to: 8080 }) }, content: 'ngx' };
const OWNED = '/var/lib/portway/files';

describeHost('host.sh', () => {
  let gateway: Gateway;
  let host: Host;
  beforeEach(async () => {
    gateway = await Gateway.start();
    host = gateway.host;
    await host.app('gateway', 'tcp', 8080);
  });
  afterEach(() => gateway.stop());

  const web = () => host.ask('client', 'tcp', ADDRESS.gateway.v4, 80);
  const calls = () => host.read('/var/log/systemctl');

  describe.each([
    ['iptables', IPTABLES],
    ['nginx', NGINX],
  ])('with engine %s', (engine, deploy) => {
    test('sets up, proves, and signals once per content', async () => {
      await gateway.succeed(deploy);
      expect(await web()).toMatchObject({ name: 'gateway', port: 8080 });
      const [signal, ...more] = await gateway.signals();
      expect(more).toEqual([]);
      expect(signal).toMatchObject({
        Status: 'SUCCESS',
        status: 200,
        path: new URL(SIGNAL_URL).pathname + new URL(SIGNAL_URL).search,
      });
      expect(signal?.Data.content).toBe(deploy.content);
      expect(signal?.Data.boot).toMatch(/^[0-9a-f-]{36}$/);
      expect(Math.abs(Date.parse(signal?.Data.time ?? '') - Date.now())).toBeLessThan(60_000);

      expect((await gateway.reboot()).code).toBe(0);
      expect(await web()).toMatchObject({ name: 'gateway' });
      expect(await gateway.signals()).toHaveLength(1);
      await gateway.succeed({ ...deploy, content: 'next' });
      expect(await gateway.signals()).toHaveLength(2);
    });

    test('reloads and tests nothing at a reboot without changes', async () => {
      await gateway.succeed(deploy);
      await host.sh('gateway', 'rm /var/log/systemctl /var/log/portway/bootstrap.log');
      await gateway.reboot();
      expect(await calls()).not.toMatch(/(?<!--no-)reload|start/);
      expect(await gateway.log()).not.toMatch(/try the new content|install/);
    });

    test('restores what was lost at a reboot', async () => {
      await gateway.succeed(deploy);
      await host.sh('gateway', engine === 'nginx' ? STOP_NGINX : 'iptables-nft -t nat -F');
      expect((await web()).name).toMatch(/^none/);
      await gateway.reboot();
      expect((await web()).name).toBe('gateway');
    });

    test("removes one engine's parts when the other replaces it, and brings them back", async () => {
      const other = engine === 'nginx' ? IPTABLES : NGINX;
      for (const next of [deploy, other, deploy]) {
        await gateway.succeed(next);
        expect((await web()).name).toBe('gateway');
        const files = await host.read(OWNED);
        const rules = await host.sh('gateway', 'iptables-nft-save; ip6tables-nft-save');
        if (next === IPTABLES) {
          expect(rules).toContain('portway:web');
          expect(files).not.toContain('nginx');
          expect(await host.read('/etc/nginx/nginx.conf')).not.toContain('Portway');
          expect(await host.sh('gateway', 'pgrep nginx || :')).toBe('');
        } else {
          expect(rules).not.toContain('PORTWAY');
          expect(files).not.toContain('iptables');
          expect(await host.sh('gateway', 'find /usr/local/lib/portway -type f')).not.toContain('rules.py');
          expect(await host.sh('gateway', 'ls /etc/systemd/system/*.service')).toBe(
            '/etc/systemd/system/portway-logs.service\n/etc/systemd/system/portway-metadata.service\n',
          );
        }
      }
      expect((await gateway.signals()).map((s) => s.Status)).toEqual(['SUCCESS', 'SUCCESS']);
    });
  });

  test('writes files with their modes, and removes obsolete ones', async () => {
    const extra =
      (mode: string, text: string) =>
      (content: HostContent): HostContent => ({
        ...content,
        files: [...content.files, { path: '/etc/portway/extra/file', mode, text, origin: 'rules' }],
      });
    await gateway.succeed({ ...IPTABLES, alter: extra('0640', 'one\n') });
    expect(await host.sh('gateway', 'stat -c %a /etc/portway/extra/file; cat /etc/portway/extra/file')).toBe(
      '640\none\n',
    );
    await gateway.succeed({ ...IPTABLES, alter: extra('0640', '#a comment\n\ntwo\n') });
    expect(await host.read('/etc/portway/extra/file')).toBe('#a comment\n\ntwo\n');
    await gateway.succeed(IPTABLES);
    expect(await host.read('/etc/portway/extra/file')).toBe('');
    expect(await host.read(OWNED)).not.toContain('extra');
  });

  test.each([
    ['denyFrom', { denyFrom: [`${ADDRESS.client.v4}/32`] }, false],
    ['allowFrom', { allowFrom: ['192.0.2.0/24'] }, false],
    ['allowFrom of a host with flowOffload', { allowFrom: ['192.0.2.0/24'] }, true],
  ])('lets clients in as soon as the last %s is gone', async (_, sources, flowOffload) => {
    await host.app('backend', 'tcp', 9000);
    const to = flowOffload ? `${ADDRESS.backend.v4}:9000` : 8080;
    const deploy = (more: object) =>
      gateway.succeed({
        forwards: { web: Forward.tcp({ listen: 80, to, engine: 'iptables', ...more }) },
        settings: { flowOffload },
      });
    await deploy(sources);
    expect((await web()).name).toMatch(/^none/);
    expect(await host.sh('gateway', 'nft list tables')).toMatch(/^table inet portway$/m);
    await deploy({});
    expect((await web()).name).toBe(flowOffload ? 'backend' : 'gateway');
    expect(await host.sh('gateway', 'nft list tables')).not.toMatch(/^table inet portway$/m);
  });

  test('restores proved rules at boot without user-data', async () => {
    await gateway.succeed(IPTABLES);
    await host.sh('gateway', 'iptables-nft -t nat -F; iptables-nft -t nat -X; rm /etc/portway/iptables.rules');
    await host.sh('gateway', 'portway rules restore');
    expect((await web()).name).toBe('gateway');
    expect(await calls()).toMatch(/enable .*portway-iptables/);
  });

  test('forwards to other hosts once the sysctl file is there', async () => {
    await host.app('backend', 'tcp', 9000);
    const game = Forward.tcp({ listen: 7000, to: `${ADDRESS.backend.v4}:9000`, engine: 'iptables' });
    await gateway.succeed({ forwards: { game } });
    expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, 7000)).name).toBe('backend');
  });

  test('runs both engines side by side', async () => {
    await gateway.succeed({
      forwards: { ...NGINX.forwards, raw: Forward.tcp({ listen: 81, to: 8080, engine: 'iptables' }) },
    });
    expect(await web()).toMatchObject({ client: SOURCE_ADDRESS });
    expect(await host.ask('client', 'tcp', ADDRESS.gateway.v4, 81)).toMatchObject({ client: ADDRESS.client.v4 });
  });

  describe('nginx', () => {
    const TLS: Deploy = {
      forwards: {
        web: Forward.http({ listen: 80, redirectTo: 'https' }),
        secure: Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() }),
        raw: Forward.udp({ listen: 5000, to: 9000, engine: 'nginx' }),
      },
      content: 'tls',
    };
    const curl = (url: string) => host.run('client', ['curl', '-sk', '--max-time', '5', '-w', ' %{http_code}', url]);

    test('serves TLS with a certificate that is created once, and UDP', async () => {
      await host.app('gateway', 'udp', 9000);
      await gateway.succeed(TLS);
      expect((await curl(`https://${ADDRESS.gateway.v4}/`)).stdout).toMatch(/"gateway".* 200$/);
      expect((await curl(`http://${ADDRESS.gateway.v4}/`)).stdout).toMatch(/308$/);
      expect((await host.ask('client', 'udp', ADDRESS.gateway.v4, 5000)).name).toBe('gateway');
      const made = () => host.sh('gateway', 'stat -c "%n %a" /etc/portway/tls/*; sha256sum /etc/portway/tls/*');
      const before = await made();
      expect(before).toMatch(/^\S*secure\.self-signed\.pem 600\n/);
      const secure = Forward.https({ listen: 443, to: 8081, tls: Tls.selfSigned() });
      await gateway.succeed({ forwards: { secure }, content: 'tls2' });
      expect(await made()).toBe(before);
    });

    test('bounds slow requests while several sites could take from each other', async () => {
      const rules = async () => (await host.run('gateway', ['nft', 'list', 'table', 'inet', 'portway_heads'])).stdout;
      const two = { ...NGINX.forwards, other: Forward.http({ listen: 81, to: 9000 }) };
      await gateway.succeed({ forwards: two, content: 'two' });
      expect(await rules()).toMatch(/dport vmap \{ 80 : goto from-web, 81 : goto from-other \}/);
      await host.sh('gateway', 'nft delete table inet portway_heads');
      await gateway.reboot();
      expect(await rules()).toContain('from-other');
      await gateway.succeed({ forwards: { ...two, third: Forward.http({ listen: 82, to: 9001 }) }, content: 'three' });
      expect(await rules()).toContain('from-third');
      await gateway.succeed({ ...NGINX, content: 'one' });
      expect(await rules()).toBe('');
    });

    test('applies a change with a reload: the main process stays', async () => {
      await gateway.succeed(NGINX);
      const pid = await host.read('/run/nginx.pid');
      await host.app('gateway', 'tcp', 8081, 'other');
      await gateway.succeed({ forwards: { web: Forward.http({ listen: 80, to: 8081 }) }, content: 'other' });
      expect((await web()).name).toBe('other');
      expect(await host.read('/run/nginx.pid')).toBe(pid);
    });

    test('starts despite a socket left by a killed nginx', async () => {
      await gateway.succeed(NGINX);
      await host.sh('gateway', `${KILL_NGINX}; [[ -S /run/portway-nginx/host.sock ]]; rm -f /run/nginx.pid`);
      expect((await gateway.reboot()).code).toBe(0);
      expect((await web()).name).toBe('gateway');
    });

    test('leaves the running nginx and its socket alone while testing a configuration', async () => {
      await gateway.succeed(NGINX);
      await host.sh('gateway', 'nginx -t -q; [[ -S /run/portway-nginx/host.sock ]]');
      expect((await gateway.reboot()).code).toBe(0);
      expect(await calls()).not.toMatch(/reload-or-restart nginx\n(.*\n)*.*reload-or-restart/);
    });
  });

  describe("the team's first-boot script", () => {
    const script = (body: string) => `#!/bin/bash\n${body}\n`;
    const runs = () => host.read('/run/runs');

    test('runs once per instance, again when it changes, and before the signal', async () => {
      const one = script("echo one >>/run/runs; echo 'caf\u00e9'");
      await gateway.succeed({ ...IPTABLES, firstBootScript: one, content: 'c1' });
      await gateway.reboot();
      await gateway.succeed({ ...NGINX, firstBootScript: one, content: 'c2' });
      expect(await runs()).toBe('one\n');
      await gateway.succeed({ ...NGINX, firstBootScript: script('echo two >>/run/runs'), content: 'c3' });
      expect(await runs()).toBe('one\ntwo\n');
    });

    test('fails the deploy when it fails, and runs again then', async () => {
      const failing = script('echo x >>/run/runs; echo "no such application" >&2; exit 3');
      const result = await gateway.boot({ ...IPTABLES, firstBootScript: failing });
      expect(result.code).toBe(1);
      const [signal] = await gateway.signals();
      expect(signal?.Status).toBe('FAILURE');
      // Its output may be secret, so it stays on the host and its console.
      expect(signal?.Reason).toMatch(/firstBootScript ended with 3: see \/var\/log\/portway\/first-boot\.log/);
      expect(signal?.Reason).not.toContain('no such application');
      expect(await gateway.log()).not.toContain('no such application');
      expect(result.stdout).toContain('no such application');
      expect(
        await host.sh('gateway', 'stat -c %a /var/log/portway/first-boot.log; cat /var/log/portway/first-boot.log'),
      ).toBe('600\nno such application\n');
      await gateway.reboot();
      expect(await runs()).toBe('x\nx\n');
      expect(await gateway.signals()).toHaveLength(1);
    });

    test('may leave a background process running', async () => {
      await gateway.succeed({ ...IPTABLES, firstBootScript: script('/usr/bin/sleep 300 &') });
      expect((await gateway.reboot()).code).toBe(0);
    });
  });
});
