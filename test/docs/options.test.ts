import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const OPTIONS = read('docs/options.md');

/** The props that an interface declares itself. Interfaces are written the same way everywhere: Biome sees to it. */
function propsOf(file: string, name: string): string[] {
  const body = new RegExp(`^export interface ${name}\\b[^{]*\\{$([\\s\\S]*?)^\\}$`, 'm').exec(read(file))?.[1] ?? '';
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map((match) => match[1] ?? '');
}

/** The text below a heading, up to the next one of the same or a higher level. */
function section(heading: string): string {
  const level = /^#+/.exec(heading)?.[0].length ?? 0;
  const [, after = ''] = OPTIONS.split(`\n${heading}\n`);
  return after.split(new RegExp(`^#{1,${level}} `, 'm'))[0] ?? '';
}

/** Where each interface's props are documented: one row of a table each, which begins with the prop. */
const DOCUMENTED = [
  ['lib/portway-stack.ts', 'PortwayStackProps', '## PortwayStack', ''],
  ['lib/forward/resolve.ts', 'ForwardSet', '## PortwayStack', ''],
  ['lib/constructs/machine.ts', 'MachineProps', '## PortwayStack', ''],
  ['lib/constructs/network.ts', 'NetworkProps', '## PortwayStack', ''],
  ['lib/constructs/machine.ts', 'AmiProps', '## PortwayStack', 'ami.'],
  ['lib/constructs/login-key.ts', 'LoginKeyProps', '## PortwayStack', ''],
  ['lib/forward/gateway-settings.ts', 'GatewaySettingsProps', '## PortwayStack', ''],
  ['lib/forward/gateway-settings.ts', 'EgressProps', '## PortwayStack', 'egress.'],
  ['lib/constructs/egress.ts', 'GatewayEgressProps', '## PortwayStack', 'egress.'],
  ['lib/forward/forward.ts', 'CommonForwardProps', '### Every forward', ''],
  ['lib/forward/forward.ts', 'ListenerProps', '### Every forward', ''],
  ['lib/forward/forward.ts', 'KernelForwardProps', '### With engine iptables', ''],
  ['lib/forward/forward.ts', 'TransportForwardProps', '### Forward.tcp, Forward.udp', ''],
  ['lib/forward/target.ts', 'WeightedTarget', '### Forward.tcp, Forward.udp', 'to[].'],
  ['lib/forward/health-check.ts', 'HealthCheckProps', '### Forward.tcp, Forward.udp', 'healthCheck.'],
  ['lib/forward/limits.ts', 'ForwardLimits', '### Forward.tcp, Forward.udp', 'limits.'],
  ['lib/forward/session.ts', 'SessionProps', '### Forward.tcp, Forward.udp', ''],
  ['lib/forward/trusted-proxies.ts', 'ProxyProtocolProps', '### Forward.tcp, Forward.udp', 'proxyProtocol.'],
  ['lib/forward/trusted-proxies.ts', 'ProxyProtocolSource', '### Forward.tcp, Forward.udp', 'proxyProtocol.accept.'],
  ['lib/forward/forward.ts', 'TlsForwardProps', '### Forward.tls', ''],
  ['lib/forward/tls-hosts.ts', 'TlsHostProps', '### Forward.tls', 'hosts[].'],
  ['lib/forward/hsts.ts', 'HstsProps', '### Forward.https', 'hsts.'],
  ['lib/forward/forward.ts', 'ProtocolForwardProps', '### Forward.protocol', ''],
  ['lib/forward/forward.ts', 'WebForwardProps', '### Forward.http', ''],
  ['lib/forward/http-route.ts', 'HttpRouteProps', '### Hosts and paths', ''],
  ['lib/forward/http-route.ts', 'HttpPathProps', '### Hosts and paths', ''],
  ['lib/forward/http-route.ts', 'HttpHostProps', '### Hosts and paths', ''],
  ['lib/forward/http-delivery.ts', 'HttpDeliveryProps', '### Targets of HTTP', ''],
  ['lib/forward/failover.ts', 'FailoverProps', '### Targets of HTTP', 'failover.'],
  ['lib/forward/failover.ts', 'HttpFailoverProps', '### Targets of HTTP', 'failover.'],
  ['lib/forward/cache.ts', 'CacheProps', '### Targets of HTTP', 'cache.'],
  ['lib/forward/http-options.ts', 'HttpOptionProps', '### Protection of HTTP', ''],
  ['lib/forward/http-limits.ts', 'HttpLimits', '### Protection of HTTP', 'limits.'],
  ['lib/forward/http-options.ts', 'HttpTimeouts', '### Protection of HTTP', 'timeouts.'],
  ['lib/forward/http-logs.ts', 'HttpLogs', '### Protection of HTTP', 'logs.'],
  ['lib/forward/error-page.ts', 'ErrorPageProps', '#### Error pages', 'errors.'],
  ['lib/forward/forward.ts', 'HttpsForwardProps', '### Forward.https', ''],
  ['lib/forward/tls.ts', 'LetsEncryptProps', '### Forward.https', 'tls.'],
] as const;

const rows = (text: string) => [...text.matchAll(/^\| `([\w.[\]]+)`/gm)].map((match) => match[1]);

test.each(DOCUMENTED)('%s: every prop of %s stands under "%s"', (file, name, heading, prefix) => {
  const props = propsOf(file, name);
  expect(props.length).toBeGreaterThan(0);
  expect(rows(section(heading))).toEqual(expect.arrayContaining(props.map((prop) => prefix + prop)));
});

test('PortwayStackProps takes its props from the interfaces above, the CDK, and nowhere else', () => {
  const bases = /^export interface PortwayStackProps\s+extends ([\s\S]*?) \{$/m.exec(read('lib/portway-stack.ts'))?.[1];
  const names = bases?.split(/,\s*(?![^<]*>)/).map((base) => base.trim());
  expect(names).toEqual([
    expect.stringContaining('StackProps'),
    ...['ForwardSet', 'MachineProps', 'LoginKeyProps', 'NetworkProps', 'GatewaySettingsProps'].map((name) =>
      expect.stringContaining(name),
    ),
  ]);
});

test('every value that the command line may give is named, and no other', () => {
  const source = read('lib/context-names.ts') + read('lib/context.ts');
  const list = (name: string) => /\[([\s\S]*?)\]/.exec(source.split(`const ${name} = `)[1] ?? '')?.[1] ?? '';
  const lists = [...`${list('TEXTS')} ${list('NUMBERS')} ${list('SWITCHES')}`.matchAll(/'(\w+)'/g)].map(
    (match) => match[1],
  );
  const alone = [...source.matchAll(/tryGetContext\('(\w+)'\)/g)].map((match) => match[1]);
  const table = section('## Values on the command line');
  const named = [...table.matchAll(/^\| ((?:`\w+`(?:, )?)+)/gm)].flatMap((row) => row[1]?.match(/\w+/g) ?? []);
  expect(lists.length).toBeGreaterThan(10);
  expect(named.sort()).toEqual([...lists, ...alone].sort());
});

test.each(['plan', 'rehearse'])('every option of portway %s stands in its section', (command) => {
  const own = read('bin/portway.ts').split(`.command('${command}')`)[1]?.split('.action(')[0] ?? '';
  const options = [...own.matchAll(/ption\('(?:-\w, )?(--\w+)/g)].map((match) => match[1]);
  const described = [...section(`## portway ${command}`).matchAll(/^\| `(?:-\w, )?(--\w+)/gm)].map((match) => match[1]);
  expect(options.length).toBeGreaterThan(2);
  expect(described.sort()).toEqual(options.sort());
});
