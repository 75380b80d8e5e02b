import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { printImported } from '../../lib/import/print';
import { readImported } from '../../lib/import/read';
import { recognize } from '../../lib/import/recognize';
import { problemsOf } from '../support/stack-problems';
import { samples } from './corpus';

const ROOT = join(__dirname, '..', '..');
const EXPECTED = join(__dirname, 'expected');
const FILES = samples();

/** What the command prints, run at the project's root. */
function printed(path: string, text: string): string {
  const file = relative(ROOT, path);
  return printImported(readImported(file, text, recognize(text)), file);
}

test('there are many, of all kinds', () => {
  expect(FILES.length).toBeGreaterThanOrEqual(25);
  for (const { name, text } of FILES) expect(`${name} ${recognize(text)}`).toMatch(/^(\w+)-\S+ \1$/);
});

// `npm run typecheck` compiles the expected files as well.
test.each(FILES.map((one) => [one.name, one] as const))('%s is printed as expected', (name, { path, text }) => {
  const file = join(EXPECTED, `${name}.ts`);
  const found = printed(path, text);
  if (process.env.UPDATE_SNAPSHOTS !== undefined) writeFileSync(file, found);
  expect(existsSync(file) ? readFileSync(file, 'utf8') : undefined).toBe(found);
});

test.each(FILES.map(({ name }) => name))('%s passes the checks of a stack', (name) => {
  const { imported } = require(join(EXPECTED, `${name}.ts`));
  expect(Object.keys(imported.forwards)).not.toEqual([]);
  expect(problemsOf({ adminCidr: '203.0.113.7/32', ...imported })).toEqual([]);
});

test('nothing is expected of files that are gone', () => {
  expect(readdirSync(EXPECTED).toSorted()).toEqual(FILES.map(({ name }) => `${name}.ts`).toSorted());
});

test('everything that keeps somebody out is named first, or the place is left out', () => {
  const { path, text } = FILES.find(({ name }) => name === 'nginx-guarded') ?? { path: '', text: '' };
  const { remarks, forwards } = readImported(path, text, 'nginx');
  const named = remarks.filter(({ fate }) => fate === 'unprotected').map(({ line }) => line);
  expect([...new Set(named)]).toEqual([7, 8, 9, 11, 12, 13, 14, 15, 16]);
  expect(Object.keys(forwards.web81?.props.routes ?? {})).toEqual(['/open/*']);
});

const remarksOn = (text: string) =>
  readImported('a.conf', text, recognize(text)).remarks.map(({ fate, text: said, why }) => `${fate} ${said}: ${why}`);

test('how much a limit grows is said', () => {
  const text = `limit_req_zone $binary_remote_addr zone=login:1m rate=5r/m;
    server { listen 80; location / { limit_req zone=login; proxy_pass http://10.0.1.20; } }`;
  expect(remarksOn(text)).toContain(
    'differs limit_req_zone $binary_remote_addr zone=login:1m rate=5r/m: requestsPerSecond is a whole number: 1, which lets 12 times as many through',
  );
});

test('a header that names the client behind the PROXY protocol is not dropped silently', () => {
  const server = (header: string) => `server { listen 80 proxy_protocol; set_real_ip_from 10.0.0.0/8;
    real_ip_header ${header}; location / { proxy_pass http://10.0.1.20; } }`;
  const said = 'differs real_ip_header CF-Connecting-IP: the client is taken from the PROXY protocol';
  expect(remarksOn(server('CF-Connecting-IP'))).toContain(said);
  expect(remarksOn(server('proxy_protocol')).join('\n')).not.toContain('real_ip_header');
});

test('connections that no rule of several takes are told', () => {
  const rule = (condition: string, target: string) =>
    `-A PREROUTING -p tcp --dport 80 ${condition} -j DNAT --to-destination ${target}\n`;
  const random = (share: number) => `-m statistic --mode random --probability ${share}`;
  const some = `*nat\n${rule(random(0.5), '10.0.0.1:80')}${rule(random(0.5), '10.0.0.2:80')}COMMIT\n`;
  expect(remarksOn(some).join('\n')).toContain('these targets get all connections: 25 % had none');
  const all = `*nat\n${rule(random(0.5), '10.0.0.1:80')}${rule('', '10.0.0.2:80')}COMMIT\n`;
  expect(remarksOn(all).join('\n')).not.toContain('had none');
});

test.each([
  ['80', '9000-9003', 'own', 'all goes to port 9000, as the kernel does'],
  [
    '80',
    '9000-9003 --random',
    'differs',
    'the kernel chooses one of the ports 9000-9003 at random: 9000 alone gets all',
  ],
  ['7000:7010', '9000-9010', 'own', 'all goes to port 9000, as the kernel does'],
  ['6000:6100', '9000-9100', 'lost', 'without a base the kernel leads all of 6000-6100 to 9000: a range'],
] as const)('ports %s that lead to %s get a remark', (listen, to, fate, why) => {
  const rule = `-A PREROUTING -p tcp --dport ${listen} -j DNAT --to-destination 10.0.1.20:${to}`;
  const remarks = remarksOn(`*nat\n${rule}\nCOMMIT\n`);
  expect(remarks).toEqual([expect.stringContaining(`${fate} ${rule}: ${why}`)]);
});

test.each([
  ['9001', '9000-9003'],
  ['9000:9003', '9000-9003'],
  ['7000:7010', '9000-9010/7000'],
])('ports %s that lead to %s are as they say', (listen, to) => {
  const rule = `-A PREROUTING -p tcp --dport ${listen} -j DNAT --to-destination 10.0.1.20:${to}`;
  expect(remarksOn(`*nat\n${rule}\nCOMMIT\n`)).toEqual([]);
});

test('an empty name is named', () => {
  const text = 'server { listen 80; server_name ""; location / { proxy_pass http://10.0.1.20; } }';
  expect(remarksOn(text)).toContain('own server_name "": an empty name is no name that clients ask for');
});

test('a target that filter closes is not opened silently', () => {
  const file = (accept: string) => `*filter\n:FORWARD DROP [0:0]\n${accept}COMMIT
*nat\n-A PREROUTING -p tcp --dport 3389 -j DNAT --to-destination 10.0.0.9:3389\nCOMMIT\n`;
  const accept = (condition: string) => `-A FORWARD -d 10.0.0.9/32 -p tcp --dport 3389 ${condition} -j ACCEPT\n`;
  const forwards = (text: string) => Object.keys(readImported('a.rules', text, 'iptables').forwards);

  const set = file(accept('-m set --match-set office src'));
  expect(forwards(set)).toEqual([]);
  expect(remarksOn(set).join('\n')).toMatch(/^lost -A PREROUTING .*: only rules with conditions/m);
  expect(remarksOn(set).join('\n')).toMatch(/^lost -A FORWARD .*--match-set office: a forward has no such condition$/m);

  expect(forwards(file(''))).toEqual(['tcp3389']);
  expect(remarksOn(file('')).join('\n')).toMatch(/^differs -A PREROUTING .*: everyone may use it, though/m);

  const some = file(accept('-s 198.51.100.0/24'));
  expect(readImported('a.rules', some, 'iptables').forwards.tcp3389?.props.allowFrom).toEqual(['198.51.100.0/24']);
  expect(remarksOn(some).join('\n')).not.toMatch(/^(lost|differs) /m);
});
