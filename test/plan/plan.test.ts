import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Token } from 'aws-cdk-lib';
import { Forward } from '../../lib/forward/forward';
import { Sources } from '../../lib/forward/known-sources';
import { Tls } from '../../lib/forward/tls';
import { AT_DEPLOY } from '../../lib/plan/lists';
import type { Plan } from '../../lib/plan/plan';
import { printPlan } from '../../lib/plan/print';
import type { PortwayStackProps } from '../../lib/portway-stack-props';
import { CANONICAL } from '../snapshots/canonical';
import { synthesize } from '../snapshots/synthesize';

const ROOT = join(__dirname, '..', '..');
const run = promisify(execFile);

/** Runs the real command on the shipped app, without AWS variables in the environment. */
async function plan(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_')));
  try {
    const done = await run(process.execPath, ['bin/portway.js', 'plan', ...args], {
      cwd: ROOT,
      env,
    });
    return { code: 0, ...done };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

const port = (number: number) => ({ from: number, to: number });
const ipv4 = (host: string, number: number) => ({ kind: 'ipv4', host, ports: port(number) });

/** A stack's plan, as synth writes it for `portway plan`. */
function planned(props: PortwayStackProps): { plan: Plan; text: string } {
  const { assembly } = synthesize(props);
  const plan = JSON.parse(readFileSync(join(assembly.directory, 'Portway.plan.json'), 'utf8')) as Plan;
  return { plan, text: printPlan('Portway', plan) };
}

test('tells what stated traffic costs, in text and in JSON', async () => {
  const words = ['-c', 'adminCidr=203.0.113.7/32', '--traffic', 'new=200,active=5000,mbit=80,out=70'];
  expect((await plan(...words)).stdout).toContain(
    'Traffic, as stated\n\nno balancer, so connections and volume by themselves cost nothing\nout of AWS: 22995 GB, $2069.55 a month',
  );
  const { Portway } = JSON.parse((await plan(...words, '--json')).stdout) as Record<string, Plan>;
  expect(Portway?.traffic?.transfer).toEqual({ gigabytesAMonth: 22_995, dollarsAMonth: 2069.55 });
  const wrong = await plan(...words.slice(0, 2), '--traffic', 'mbit=fast');
  expect([wrong.code, wrong.stdout]).toEqual([2, '']);
  expect(wrong.stderr).toMatch(/^error: option '--traffic <load>' argument 'mbit=fast' is invalid\. mbit must be a/);
}, 60_000);

test('shows forwards, security group and rules of the shipped stack', async () => {
  const { stdout, stderr, code } = await plan('-c', 'adminCidr=203.0.113.7/32', '-c', 'engine=iptables');
  expect({ stderr, code }).toEqual({ stderr: expect.not.stringMatching(/error/i), code: 0 });
  expect(stdout).toMatch(/^web +tcp 80 +8080 on the gateway +iptables +everyone$/m);
  expect(stdout).toMatch(/^in +tcp +22 +203\.0\.113\.7\/32 +SSH of the admin$/m);
  expect(stdout).toContain(
    '-A PORTWAY-DNAT -p tcp --dport 80 -m comment --comment "portway:web" -j REDIRECT --to-ports 8080',
  );
  expect(stdout).toMatch(/^User-data: \d+ of 16384 bytes, 569 of them/m);
}, 60_000);

test("shows the gateway's settings besides its forwards, as text and as JSON", () => {
  const found = planned(CANONICAL['dual-stack'] as PortwayStackProps);
  expect(found.text).toMatch(
    /^web +tcp 80 +8080 on the gateway +iptables +everyone +a client: 20 new connections\/s, 100 at once$/m,
  );
  expect(found.text).toMatch(/^ +a client: 50 open connections$/m);
  expect(found.text).toMatch(
    /^shop +tcp 443 +10\.0\.1\.20:443, weight 3 +iptables +everyone +not from 198\.51\.100\.128\/25$/m,
  );
  expect(found.text).toMatch(/^ +10\.0\.1\.21:443, weight 1 +shared by source$/m);
  const health = planned(CANONICAL.health as PortwayStackProps);
  expect(health.text).toMatch(/health: tcp 8081 every 5 s, out after 2$/m);
  expect(found.text).toMatch(/^vpn +protocol 50 +10\.0\.1\.40 +iptables +everyone +IPv4 only$/m);
  expect(found.text).toContain(
    'Gateway\n\nIPv6 beside IPv4\ndrops all from 192.0.2.0/25, 2001:db8:bad::/48\nanswers pings\n\nSecurity group',
  );
  expect(found.plan.gateway).toEqual({
    ipv6: true,
    blocked: ['192.0.2.0/25', '2001:db8:bad::/48'],
    egress: [],
    ping: true,
    login: { way: 'direct', user: 'admin', hasKey: true },
  });
  expect(found.plan.forwards.find((f) => f.name === 'shop')).toMatchObject({
    denyFrom: ['198.51.100.128/25'],
    families: [4, 6],
    sharing: { balance: 'source', weights: [3, 1, 1, 1] },
  });
  expect(health.plan.forwards[0]).toMatchObject({
    healthCheck: { by: 'tcp', port: 8081, interval: 5, failures: 2 },
  });
});

test('shows lists by their names, and from when published ones are', () => {
  const { plan: found, text } = planned({
    adminCidr: '203.0.113.7/32',
    engine: 'iptables',
    lists: { office: ['198.51.100.0/24', '2001:db8:1::/48'], unused: ['192.0.2.0/24'] },
    blocked: [
      '192.0.2.0/24',
      Sources.cloudFront(),
      Sources.countries({ url: 'https://files.example/c.csv', allBut: ['KR', 'JP'] }),
    ],
    forwards: {
      web: Forward.tcp({
        listen: 80,
        to: 8080,
        allowFrom: ['office', '192.0.2.1/32'],
        denyFrom: [Sources.cloudflare()],
      }),
    },
  });
  expect(text).toMatch(/^web +tcp 80 +8080 on the gateway +iptables +list office +not from list cloudflare$/m);
  expect(text).toMatch(/^ +192\.0\.2\.1\/32$/m);
  expect(text).toContain('drops all from list cloudfront, 192.0.2.0/24\n');
  expect(text).toContain(
    'refuses new connections from all countries but JP, KR by https://files.example/c.csv, fetched every 168 h\n',
  );
  expect(text).toContain('list office: 198.51.100.0/24, 2001:db8:1::/48\n');
  expect(text).toMatch(/^list cloudflare: 103\.21\.244\.0\/22, .*, \.\.\. \(\d+\), as of 20\d\d-\d\d-\d\d$/m);
  expect(text).not.toContain('list unused');
  expect(found.forwards[0]?.allowFrom).toEqual(['198.51.100.0/24', '2001:db8:1::/48', '192.0.2.1/32']);
});

test('shows prefix lists as the security group has them', () => {
  const { plan: found, text } = planned({
    adminCidr: '203.0.113.7/32',
    forwards: {
      web: Forward.http({
        listen: 80,
        to: 8080,
        allowFrom: [Sources.prefixList('pl-0123456789abcdef0', { weight: 20 })],
      }),
    },
  });
  expect(text).toMatch(/^web +http 80 +8080 on the gateway +nginx +pl-0123456789abcdef0$/m);
  expect(text).toMatch(/^in +tcp +80 +pl-0123456789abcdef0 +web$/m);
  expect(found.forwards[0]?.allowFrom).toEqual(['pl-0123456789abcdef0']);
});

test('shows egress, and targets with preserved client addresses', () => {
  const { text } = planned(CANONICAL.egress as PortwayStackProps);
  expect(text).toContain(
    'Gateway\n\nway out of 10.0.0.0/16\n2 alarms: $0.20 a month (list price in us-east-1 of 2026-11, https://aws.amazon.com/cloudwatch/pricing/)\nanswers no ping\n\n',
  );
  expect(text).toMatch(/^mail +tcp 25 +10\.0\.1\.25:25 +iptables +everyone +targets see clients' addresses$/m);
  expect(text).toMatch(/^in +all +all +10\.0\.0\.0\/16 +egress$/m);
});

test('shows the targets of each TLS name, and HTTP/3', () => {
  const { plan: found, text } = planned(CANONICAL['nginx-tls-passthrough'] as PortwayStackProps);
  expect(text).toMatch(
    /^pass +tls 443 +shop\.example\.com: 10\.0\.1\.20:443 +nginx +everyone +not from 192\.0\.2\.0\/25$/m,
  );
  expect(text).toMatch(/^ +\*\.apps\.example\.com: 10\.0\.1\.30:8443$/m);
  expect(text).toMatch(/^api +https 8443 .* HTTP\/3 on the same port of UDP$/m);
  expect(text).toMatch(/^in +udp +8443 +0\.0\.0\.0\/0 +api$/m);
  const of = (name: string) => found.forwards.find((f) => f.name === name);
  expect(of('pass')?.hosts).toEqual([
    { host: 'shop.example.com', to: [ipv4('10.0.1.20', 443), ipv4('10.0.1.21', 443)] },
    { host: '*.apps.example.com', to: [ipv4('10.0.1.30', 8443)] },
  ]);
  expect(of('api')?.http3).toBe(true);
  expect(of('secure')).not.toHaveProperty('http3');
});

test('shows the source of a certificate', () => {
  const { plan: found, text } = planned(CANONICAL['nginx-letsencrypt'] as PortwayStackProps);
  const ca = 'https://acme-v02.api.letsencrypt.org/directory';
  expect(text).toMatch(
    /^secure +https 443 .* certificate by https:\/\/acme-v02\..* for www\.example\.com, example\.com$/m,
  );
  expect(text).toContain(`"server":"${ca}"`);
  expect(found.forwards.find((f) => f.name === 'secure')?.certificate).toEqual({
    source: 'acme',
    server: ca,
    domains: ['www.example.com', 'example.com'],
  });
  expect(found.forwards.find((f) => f.name === 'web')).not.toHaveProperty('certificate');
});

test('says when a CA checks records, so that names may lead elsewhere', () => {
  const { plan: found, text } = planned(CANONICAL['letsencrypt-dns'] as PortwayStackProps);
  expect(text).toMatch(
    /^inside .* for inside\.example\.com, \*\.inside\.example\.com, checked by records in Route 53$/m,
  );
  expect(found.forwards[0]?.certificate).toMatchObject({ source: 'acme', dns: true });
});

test('shows where the content is', () => {
  const { plan: found, text } = planned({ ...CANONICAL['letsencrypt-udp'], onChange: 'restart' } as PortwayStackProps);
  const { parameters, content } = found.userData;
  expect(text).toContain(
    `signal's URL. The host's files are in ${parameters.length} parameters: ${parameters[0]}, ... (content ${content.slice(0, 16)})\n`,
  );
});

test('says that a change reaches the running host, and which content it is', () => {
  const { plan: found, text } = planned(CANONICAL.iptables as PortwayStackProps);
  const { parameters, content } = found.userData;
  expect(content).toMatch(/^[0-9a-f]{64}$/);
  expect(parameters).toContain('/portway/Portway/etc/portway/iptables.rules.1');
  expect(text).toContain(
    `signal's URL; a change of forwards leaves it alone and reaches the running host. The host's files are in ${parameters.length} parameters: ${parameters[0]}, ... (content ${content.slice(0, 16)})\n`,
  );
});

test('prints the plans by stack with --json', async () => {
  const { stdout } = await plan('--json', '-c', 'adminCidr=203.0.113.7/32');
  const { Portway } = JSON.parse(stdout) as Record<string, Plan>;
  expect(Portway?.forwards.map((f) => [f.name, f.kind, f.listen, f.to, f.engine])).toEqual([
    ['web', 'http', port(80), [{ kind: 'local', ports: port(8080) }], 'nginx'],
    ['secure', 'https', port(443), [{ kind: 'local', ports: port(8080) }], 'nginx'],
  ]);
  expect(Portway?.files.map((f) => f.path)).toEqual(['/etc/portway/forwards', '/etc/nginx/nginx.conf']);
  expect(Portway?.userData).toMatchObject({ limit: 16_384, reserve: 569 });
}, 60_000);

test('describes targets, redirects and rules as data', () => {
  const office = Token.asString({ Ref: 'Office' });
  const kernel = { engine: 'iptables', family: 'ipv4' } as const;
  const { plan: found, text } = planned({
    adminCidr: '203.0.113.7/32',
    ipv6: true,
    forwards: {
      web: Forward.http({ listen: 80, redirectTo: 'https' }),
      away: Forward.http({ listen: 81, redirectTo: 'https://www.example.com' }),
      secure: Forward.https({ listen: 443, to: 'app.internal:8080', tls: Tls.selfSigned() }),
      game: Forward.udp({ listen: '6000-6100', to: '10.0.1.20:6000-6100', ...kernel }),
      later: Forward.tcp({ listen: 90, to: `${Token.asString({ Ref: 'Host' })}:90`, allowFrom: [office], ...kernel }),
      six: Forward.tcp({ listen: 91, to: '[2001:db8::1]:91', engine: 'nginx' }),
      esp: Forward.protocol({ protocol: 'esp', to: '10.0.1.40', family: 'ipv4' }),
    },
  });
  const of = (name: string) => found.forwards.find((f) => f.name === name);
  expect(of('web')).toMatchObject({ to: [], redirectTo: { httpsPort: 443 } });
  expect(of('away')).toMatchObject({ to: [], redirectTo: { url: 'https://www.example.com' } });
  expect(of('secure')?.to).toEqual([{ kind: 'name', host: 'app.internal', ports: port(8080) }]);
  expect(of('game')).toMatchObject({ listen: { from: 6000, to: 6100 }, to: [{ ports: { from: 6000, to: 6100 } }] });
  expect(of('later')?.to).toEqual([{ kind: 'token', ports: port(90) }]);
  expect(of('later')?.allowFrom).toEqual([AT_DEPLOY]);
  expect(found.inbound).toContainEqual({ protocol: 'tcp', ports: port(90), peer: AT_DEPLOY, for: ['later'] });
  expect(text).toMatch(/^later +tcp 90 +\(known at deploy\):90 +iptables +known at deploy /m);
  expect(of('six')?.to).toEqual([{ kind: 'ipv6', host: '2001:db8::1', ports: port(91) }]);
  expect(of('esp')).toMatchObject({ protocol: 50, to: [{ kind: 'ipv4', host: '10.0.1.40' }] });
  expect(of('esp')).not.toHaveProperty('listen');
  expect(found.inbound).toContainEqual({ protocol: 50, peer: '0.0.0.0/0', for: ['esp'] });
  const range = { from: 6000, to: 6100 };
  expect(found.inbound).toContainEqual({ protocol: 'udp', ports: range, peer: '0.0.0.0/0', for: ['game'] });
  expect(text).toMatch(/^web +http 80 +redirect to https on 443 /m);
  expect(text).toMatch(/^away +http 81 +redirect to https:\/\/www\.example\.com /m);
  expect(text).toMatch(/^six +tcp 91 +\[2001:db8::1\]:91 /m);
});

test('names the missing adminCidr and its flag in one line', async () => {
  const { stderr, stdout, code } = await plan();
  expect({ stderr, stdout, code }).toEqual({
    stderr: 'Portway: adminCidr is required: the address that may reach port 22, such as -c adminCidr=203.0.113.7/32\n',
    stdout: '',
    code: 2,
  });
}, 60_000);

test('names an unknown stack, and the existing ones', async () => {
  const { stderr } = await plan('Other', '-c', 'adminCidr=203.0.113.7/32');
  expect(stderr).toBe('stack must be one of the app with a gateway (Portway), got: Other\n');
}, 60_000);

test('prints all problems at once, without a stack trace', async () => {
  const { stderr, code } = await plan('-c', 'adminCidr=0.0.0.0/0', '-c', 'os=windows', '-c', 'diskGiB=2');
  expect(code).toBe(2);
  expect(stderr).toMatch(/^Portway: 3 problems:\n( {2}- .+\n){3}$/);
}, 60_000);
