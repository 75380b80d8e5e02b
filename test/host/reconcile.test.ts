import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { SOURCE_ADDRESS } from '../../lib/nginx/source-address';
import type { Deploy } from './support/gateway';
import { GuardedGateway } from './support/guarded';
import { ADDRESS, describeHost, type Host, until } from './support/host';

jest.setTimeout(120_000);

const DEPLOY: Deploy = {
  forwards: {
    raw: Forward.tcp({ listen: 80, to: 8080, engine: 'iptables', allowFrom: ['198.51.100.0/24'] }),
    game: Forward.tcp({ listen: 82, to: `${ADDRESS.backend.v4}:9000`, engine: 'iptables' }),
    site: Forward.http({ listen: 81, to: 8080 }),
    secure: Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() }),
  },
};
const CERTIFICATE = '/etc/portway/tls/secure.self-signed.pem';
const GOOD = '/var/lib/portway/good';

/** What docker does when it starts: chains of its own, hooked in before all others, and a policy. */
const DOCKER = `
for tool in iptables-nft ip6tables-nft; do
  $tool -t nat -N DOCKER; $tool -t nat -I PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
  $tool -t nat -I OUTPUT -m addrtype --dst-type LOCAL -j DOCKER
  $tool -t nat -A DOCKER -p tcp --dport 5000 -j DNAT --to-destination :80
  for chain in DOCKER-USER DOCKER-FORWARD; do $tool -N $chain; $tool -I FORWARD -j $chain; $tool -A $chain -j RETURN; done
  $tool -P FORWARD DROP
done`;
/** /etc/nftables.conf as Debian ships it, with a table. */
const NFTABLES_SERVICE = `printf 'flush ruleset\\ntable inet filter {\\n\\tchain input {\\n\\t\\ttype filter hook input priority filter; policy accept;\\n\\t\\ttcp dport 9 drop\\n\\t}\\n}\\n' | nft -f -`;
/** The rules of others, without ours: their chains and what stands in built-in ones. */
const FOREIGN = `
for tool in iptables ip6tables; do $tool-nft-save | grep -v '^#' | grep -v PORTWAY; done
nft list tables | while read -r _ family name; do case $name in portway|nat|filter|mangle|raw) ;; *) nft -s list table $family $name ;; esac; done`;

describeHost('what others change', () => {
  let guard: GuardedGateway;
  let host: Host;
  beforeAll(async () => {
    guard = await GuardedGateway.start(DEPLOY);
    host = guard.host;
    await host.sh('backend', `ip route add default via ${ADDRESS.inside.v4}`);
    await host.app('gateway', 'tcp', 8080);
    await host.app('backend', 'tcp', 9000);
    await guard.watch();
  });
  afterAll(() => guard?.stop());
  // Each test begins as if nothing had happened for long.
  afterEach(async () => {
    await guard.age(3600);
    await host.sh('gateway', ': >/var/log/portway/bootstrap.log');
  });

  const answers = async () => {
    const urls = ['http://:80', 'http://:81', 'http://:82', 'https://:443'].map((url) =>
      url.replace('//', `//${ADDRESS.gateway.v4}`),
    );
    const asked = urls.map((url) => host.run('client', ['curl', '-skf', '--max-time', '2', url]));
    return (await Promise.all(asked)).every((answer) => answer.code === 0);
  };
  const isRight = async () => (await guard.portway('status')).stderr === '' && (await answers());
  const sysctl = (name: string) => host.sh('gateway', `sysctl -n ${name}`);

  test.each([
    ['the nat table flushed', 'iptables-nft -t nat -F', /rules of iptables: PORTWAY-DNAT/],
    ['all rules flushed', 'nft flush ruleset', /rules of iptables: PORTWAY.*; rules of nftables/],
    ['a chain edited', 'iptables-nft -t nat -I PORTWAY-DNAT -p tcp --dport 80 -j RETURN', /PORTWAY-DNAT/],
    ['a hook removed', 'iptables-nft -t nat -D PREROUTING 1', /rules of iptables: PORTWAY-DNAT/],
    ['a set emptied', 'nft flush table inet portway', /rules of nftables: the table inet portway/],
    ['docker started', DOCKER, /rules of iptables: PORTWAY/],
    ['nftables.service started', NFTABLES_SERVICE, /rules of iptables: PORTWAY/],
    ['nginx killed', 'pkill -9 nginx', /nginx does not run its configuration/],
    [
      'nginx stopped and masked',
      'systemctl disable --now nginx; systemctl mask nginx',
      /nginx.service is masked; .*nginx does not run/,
    ],
    ['nginx.conf edited', "sed -i 's/listen 81/listen 8081/' /etc/nginx/nginx.conf", /nginx.conf was edited/],
    [
      'nginx.conf edited and loaded',
      "sed -i 's/listen 81/listen 8081/' /etc/nginx/nginx.conf; nginx -s reload",
      /nginx.conf was edited/,
    ],
    ['nginx.conf removed', 'rm /etc/nginx/nginx.conf', /nginx.conf was removed/],
    ['IP forwarding turned off', 'sysctl -qw net.ipv4.ip_forward=0', /net.ipv4.ip_forward is 0, not 1/],
    [
      'a timer stopped',
      'systemctl stop portway-logs.timer; touch /etc/systemd/system',
      /portway-logs.timer is inactive/,
    ],
    ['a unit disabled', 'systemctl disable portway-iptables', /portway-iptables.service is disabled/],
    ['a rules file edited', 'echo nonsense >>/etc/portway/iptables.rules', /iptables.rules was edited/],
    ['a program removed', 'rm /usr/local/lib/portway/portway/rules.py', /rules.py was removed/],
    ['all programs removed', 'rm -r /usr/local/lib/portway /usr/local/bin/portway', /host.sh was removed/],
    ['a file in place of a folder', 'rm -r /etc/portway; echo x >/etc/portway', /iptables.rules/],
    ['rights taken from a program', 'chmod 644 /usr/local/lib/portway/host.sh', /host.sh has another mode/],
    [
      'a unit of ours masked',
      'ln -sf /dev/null /etc/systemd/system/portway-logs.timer',
      /portway-logs.timer is a link/,
    ],
    [
      'a program moved, and a link in its place',
      'mv /usr/local/lib/portway/host.sh /opt/; chmod 644 /opt/host.sh; ln -s /opt/host.sh /usr/local/lib/portway/',
      /host.sh is a link/,
    ],
  ])('%s: is put right', async (_, script, said) => {
    const seconds = await guard.meddle(script, isRight);
    console.info(`${_}: put right after ${seconds.toFixed(1)} s`);
    expect(seconds).toBeLessThan(15);
    const move = (await guard.moves()).at(-1);
    expect(move).toMatchObject({ left: [] });
    expect(move?.what.join('; ')).toMatch(said);
    expect(await guard.gateway.log()).toMatch(/^portway \S+Z changed by others: [\s\S]*^portway \S+Z put right$/m);
    expect(await sysctl('net.ipv4.ip_forward')).toBe('1\n');
    // What a link leads to is left alone: /dev/null must stay writable for all.
    expect(await host.sh('gateway', 'stat -c %a /dev/null; stat -c %a /opt/host.sh 2>/dev/null || :')).toMatch(
      /^666\n(644\n)?$/,
    );
  });

  test.each([
    ['the way to the applications', `ip route del local ${SOURCE_ADDRESS} dev lo`, /route of 169.254.80.80 is missing/],
    ['the rule before the metadata service', 'ip rule del pref 91', /routing rules of the metadata service \(IPv4\)/],
    ['what runs a timer', 'systemctl stop portway-logs.timer', /portway-logs.timer is inactive/],
  ])('%s removed, which nobody hears: is put right within a minute', async (_, script, said) => {
    const seconds = await guard.meddle(script, isRight);
    expect(seconds).toBeLessThan(60);
    expect((await guard.moves()).at(-1)?.what.join()).toMatch(said);
  });

  describe('a certificate', () => {
    const served = () =>
      host.sh(
        'client',
        `openssl s_client -connect ${ADDRESS.gateway.v4}:443 </dev/null 2>/dev/null | openssl x509 -noout -fingerprint`,
      );

    test.each([
      ['removed', `rm ${CERTIFICATE}`],
      ['cut', `truncate -s 100 ${CERTIFICATE}`],
      ['a folder', `rm ${CERTIFICATE}; mkdir ${CERTIFICATE}`],
    ])('%s: comes back with its key, also for an nginx that starts', async (_, script) => {
      const [before, file] = [await served(), await host.read(CERTIFICATE)];
      await guard.meddle(script, isRight);
      expect(await host.read(CERTIFICATE)).toBe(file);
      expect(await host.sh('gateway', `stat -c %a:%u ${CERTIFICATE}`)).toBe('600:0\n');
      await host.sh('gateway', 'nginx -s reload; /usr/bin/sleep 1');
      expect(await served()).toBe(before);
    });

    test('that is new stays', async () => {
      const before = (await guard.moves()).length;
      const make =
        'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=new -keyout /run/new -out /run/new.crt';
      await host.sh('gateway', `${make} 2>&1; cat /run/new.crt /run/new >${CERTIFICATE}; nginx -s reload`);
      const file = await host.read(CERTIFICATE);
      await host.sh('gateway', '/usr/bin/sleep 5');
      expect(await host.read(CERTIFICATE)).toBe(file);
      expect(await guard.moves()).toHaveLength(before);
      await guard.meddle(`rm ${CERTIFICATE}`, isRight);
      expect(await host.read(CERTIFICATE)).toBe(file);
    });
  });

  test('rules of others stay as they are, byte by byte, over 20 repairs', async () => {
    await host.sh('gateway', `${DOCKER.replaceAll('-N', '-F')} 2>/dev/null || :; ${DOCKER} 2>/dev/null || :`);
    await host.sh(
      'gateway',
      'nft add table ip other; nft add chain ip other a; nft add rule ip other a tcp dport 7 counter drop',
    );
    await host.sh('gateway', '/var/lib/portway/good/usr/local/bin/portway reconcile');
    await guard.age(3600);
    const before = await host.sh('gateway', FOREIGN);
    expect(before).toMatch(/DOCKER-USER[\s\S]*table ip other/);
    const ours = await host.sh('gateway', 'iptables-nft-save | grep PORTWAY');
    const ways = [
      'iptables-nft -t nat -F PORTWAY-DNAT',
      'nft delete table inet portway',
      'iptables-nft -t nat -D PREROUTING -m addrtype --dst-type LOCAL -j PORTWAY-DNAT',
      'iptables-nft -A PORTWAY-FORWARD -p tcp -j RETURN',
    ];
    for (let n = 0; n < 20; n += 1) {
      await guard.meddle(ways[n % ways.length] ?? '', async () => (await guard.portway('rules', 'check')).code === 0);
      expect(await host.sh('gateway', FOREIGN)).toBe(before);
      expect(await host.sh('gateway', 'iptables-nft-save | grep PORTWAY')).toBe(ours);
      await guard.age(3600);
    }
    await host.sh('gateway', 'nft delete table ip other');
  }, 240_000);

  describe('another program that does not give in', () => {
    const flush = 'iptables-nft -t nat -F PORTWAY-DNAT';
    const isEmpty = async () => !(await host.sh('gateway', 'iptables-nft -t nat -S PORTWAY-DNAT')).includes('-A');

    test('is left alone for 5 minutes after three times, which is reported, then Portway goes on', async () => {
      for (let n = 0; n < 3; n += 1) await guard.meddle(flush, isRight);
      expect(await guard.gateway.log()).toMatch(/WARNING: 3 times within 5 min .* left alone until/);
      const before = await guard.moves();
      await host.sh('gateway', `${flush}; /usr/bin/sleep 8`);
      expect(await isEmpty()).toBe(true);
      expect(await guard.moves()).toEqual(before);
      const status = await guard.portway('status');
      expect(status.stdout).toMatch(/WARNING: changed by others 3 times|WARNING: changed by others \d+ times/);
      expect(status.stdout).toMatch(/WARNING: changed by others again and again: left alone until/);
      expect(status.code).toBe(1);
      // Told once, however often it looks.
      expect((await guard.gateway.log()).match(/left alone until/g)).toHaveLength(1);
      await guard.meddle('true', isRight, 1).catch(() => undefined);
      expect(await isEmpty()).toBe(true);
      await guard.age(301);
      await guard.meddle('true', isRight, 40);
      expect(await guard.moves()).toHaveLength(before.length + 1);
    });
  });

  describe('portway pause', () => {
    const forwarding = () => sysctl('net.ipv4.ip_forward');

    test('keeps hands off until its end, or until it is turned off', async () => {
      expect(await guard.portway('pause')).toMatchObject({ code: 0, stdout: 'not paused\n' });
      expect((await guard.portway('pause', '1h')).stdout).toMatch(/^portway \S+Z paused by hand until \S+Z$/m);
      await host.sh('gateway', 'sysctl -qw net.ipv4.ip_forward=0; /usr/bin/sleep 6');
      expect(await forwarding()).toBe('0\n');
      expect((await guard.portway('status')).stdout).toMatch(/^WARNING: paused until \S+Z: /m);
      expect(await guard.portway('pause')).toMatchObject({ stdout: expect.stringMatching(/^paused until /) });
      await guard.portway('pause', 'off');
      await guard.meddle('true', isRight, 40);
      expect(await forwarding()).toBe('1\n');
      expect((await guard.portway('status')).stdout).not.toContain('paused');
    });

    test('ends by itself', async () => {
      await guard.portway('pause', '4s');
      const seconds = await guard.meddle('sysctl -qw net.ipv4.ip_forward=0', isRight, 40);
      expect(seconds).toBeGreaterThan(2);
    });

    test.each(['2', '25h', 'soon', '0m'])('refuses %s', async (words) => {
      expect(await guard.portway('pause', words)).toMatchObject({
        code: 1,
        stderr: `portway: pause takes a duration up to 24h, such as 30m or 2h, or off; got: ${words}\n`,
      });
    });
  });

  test('a damaged good tree is not put back, and not by halves', async () => {
    const before = (await guard.moves()).length;
    const damage = `echo x >>${GOOD}/etc/portway/iptables.rules; printf {} >/var/lib/portway/pointer`;
    await host.sh('gateway', `cp -a ${GOOD} /run/kept; ${damage}`);
    const said = /WARNING: the good tree is damaged, .*iptables\.rules/;
    await until('it is seen', async () => said.test(await guard.gateway.log()), 40);
    expect(await guard.moves()).toHaveLength(before);
    // Not the deployed text any more, so the content is fetched anew.
    expect(await host.read('/var/lib/portway/pointer')).toBe('{}\n');
    expect(await answers()).toBe(true);
    await host.sh('gateway', `cp /run/kept/etc/portway/iptables.rules ${GOOD}/etc/portway/iptables.rules`);
  });

  test('nothing is done, and nothing is written, on a host that nobody changes', async () => {
    await guard.gateway.reboot();
    await host.sh('gateway', '/usr/bin/sleep 5');
    const state = () =>
      host.sh(
        'gateway',
        'cat /var/log/portway/bootstrap.log /var/log/systemctl | grep -v "is-\\(active\\|enabled\\)"; nft list ruleset; nginx -v 2>&1; cat /run/nginx.pid',
      );
    const [before, moves] = [await state(), await guard.moves()];
    await host.sh('gateway', '/usr/bin/sleep 35');
    expect(await state()).toBe(before);
    expect(await guard.moves()).toEqual(moves);
  });
});
