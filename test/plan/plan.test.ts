import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Plan } from '../../lib/plan/plan';
import { printPlan } from '../../lib/plan/print';
import type { PortwayStackProps } from '../../lib/portway-stack';
import { CANONICAL, synthesize } from '../snapshots/canonical';

const ROOT = join(__dirname, '..', '..');
const run = promisify(execFile);

/** The real command on the shipped app, without anything of AWS in the environment. */
async function plan(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_')));
  try {
    const done = await run(process.execPath, ['--import', 'tsx', 'bin/portway.ts', 'plan', ...args], {
      cwd: ROOT,
      env,
    });
    return { code: 0, ...done };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

/** The plan of a stack, as synth writes it for `portway plan` to print. */
function planned(props: PortwayStackProps): { plan: Plan; text: string } {
  const { assembly } = synthesize(props);
  const plan = JSON.parse(readFileSync(join(assembly.directory, 'Portway.plan.json'), 'utf8')) as Plan;
  return { plan, text: printPlan('Portway', plan) };
}

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

test('shows egress, and targets with preserved client addresses', () => {
  const { text } = planned(CANONICAL.egress as PortwayStackProps);
  expect(text).toContain('Gateway\n\nway out of 10.0.0.0/16\nanswers no ping\n\n');
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
    { host: 'shop.example.com', to: ['10.0.1.20:443', '10.0.1.21:443'] },
    { host: '*.apps.example.com', to: ['10.0.1.30:8443'] },
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
  expect(found.forwards.find((f) => f.name === 'secure')?.certificate).toBe(
    `by ${ca} for www.example.com, example.com`,
  );
  expect(found.forwards.find((f) => f.name === 'web')).not.toHaveProperty('certificate');
});

test('shows what does not fit into user-data', () => {
  const { plan: found, text } = planned(CANONICAL['letsencrypt-udp'] as PortwayStackProps);
  const { parameters = [] } = found.userData;
  expect(parameters.length).toBeGreaterThan(1);
  expect(text).toContain(
    `signal's URL; rules travel compressed. The rest is in ${parameters.length} parameters: ${parameters[0]}, ...\n`,
  );
  expect(planned(CANONICAL.iptables as PortwayStackProps).plan.userData).not.toHaveProperty('parameters');
});

test('prints the plans by stack with --json', async () => {
  const { stdout } = await plan('--json', '-c', 'adminCidr=203.0.113.7/32');
  const { Portway } = JSON.parse(stdout) as Record<string, Plan>;
  expect(Portway?.forwards.map((f) => [f.name, f.kind, f.listen, f.to, f.engine])).toEqual([
    ['web', 'http', '80', ['8080'], 'nginx'],
    ['secure', 'https', '443', ['8080'], 'nginx'],
  ]);
  expect(Portway?.files.map((f) => f.path)).toEqual(['/etc/portway/forwards', '/etc/nginx/nginx.conf']);
  expect(Portway?.userData).toMatchObject({ limit: 16_384, reserve: 569, compressed: false });
}, 60_000);

test('names the missing adminCidr and its flag in one line', async () => {
  const { stderr, stdout, code } = await plan();
  expect({ stderr, stdout, code }).toEqual({
    stderr: 'adminCidr is required: the address that may reach port 22, such as -c adminCidr=203.0.113.7/32\n',
    stdout: '',
    code: 1,
  });
}, 60_000);

test('names an unknown stack, and the existing ones', async () => {
  const { stderr } = await plan('Other', '-c', 'adminCidr=203.0.113.7/32');
  expect(stderr).toBe('stack must be a PortwayStack of the app (Portway), got: Other\n');
}, 60_000);

test('prints all problems at once, without a stack trace', async () => {
  const { stderr, code } = await plan('-c', 'adminCidr=0.0.0.0/0', '-c', 'os=windows', '-c', 'diskGiB=2');
  expect(code).toBe(1);
  expect(stderr).toMatch(/^3 problems:\n( {2}- .+\n){3}$/);
}, 60_000);
