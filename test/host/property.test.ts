import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { checkStack } from '../../lib/check-stack';
import type { GatewaySettings } from '../../lib/forward/gateway-settings';
import { PortwayError } from '../../lib/forward/problems';
import {
  hostsOf,
  isHttpsForward,
  isKernelForward,
  isPortForward,
  isWebForward,
  type KernelForward,
  type PortForward,
  type ResolvedForward,
  sharedPortOf,
  type WebForward,
} from '../../lib/forward/resolved';
import { OPERATING_SYSTEMS } from '../../lib/host/operating-system';
import type { HttpOptions, HttpRoute } from '../../lib/http/route';
import { renderFlows } from '../../lib/kernel/flow-offload';
import { renderIptables } from '../../lib/kernel/render-iptables';
import { renderNftables } from '../../lib/kernel/render-nftables';
import { certificateFile } from '../../lib/nginx/names';
import { renderNginx } from '../../lib/nginx/render';
import { acceptedOf, atFault, type Refused, wholeStack } from './support/accepted';
import { type StackProps, stacks } from './support/arbitrary';
import { writePackage } from './support/assets';
import { countingTable } from './support/flows';
import { DEBIAN, describeHost, Host } from './support/host';
import { Choices, mistakes, mutate } from './support/mutate';
import { SEED } from './support/seed';

/** Number of accepted stacks to try. */
const ACCEPTED = 1000;
/** How many of them must have each feature below, and when to stop drawing. */
const OF_EACH = 16;
const MOST_ROUNDS = 50;

jest.setTimeout(600_000);

interface Accepted {
  readonly set: StackProps;
  readonly forwards: readonly ResolvedForward[];
  readonly settings: GatewaySettings;
  /** Whether mistakes were put into it. */
  readonly mistaken?: true;
}

/** Checks props as the stack does before rendering. @throws PortwayError listing every broken rule */
function read(set: StackProps): Accepted {
  const { forwards, settings } = checkStack(wholeStack({ os: DEBIAN, ...set }));
  return { set, forwards, settings };
}

/** Features that must have been drawn and accepted, or the test proves nothing about them. */
const FEATURES: Readonly<Record<string, (stack: Accepted) => boolean>> = {
  ...kernel('denyFrom', (f) => f.denyFrom.length > 0),
  ...kernel('interface', (f) => f.interface !== undefined),
  ...kernel('one family', (f) => f.families.length === 1),
  ...kernel('preserveClientAddress', (f) => f.preserveClientAddress),
  ...kernel('protocol', (f) => f.kind === 'protocol'),
  ...kernel('weights', (f) => f.kind !== 'protocol' && f.targets.some((t) => t.weight > 1)),
  ...kernel('balance', (f) => f.kind !== 'protocol' && f.balance === 'source'),
  ...kernel('healthCheck', (f) => f.kind !== 'protocol' && f.healthCheck !== undefined),
  ...kernel('rate', (f) => f.kind !== 'protocol' && f.limits?.rate !== undefined),
  ...kernel('open connections', (f) => f.kind !== 'protocol' && f.limits?.openConnections !== undefined),
  ...kernel('IPv6 target', (f) => hostsOf(f).some((h) => h.kind === 'ipv6')),
  ...web('trusted proxies', (f) => f.trustedProxies?.by === 'x-forwarded-for'),
  ...web('PROXY protocol', (f) => f.trustedProxies?.by === 'proxy-protocol'),
  ...web('denied sources', (f) => f.denyFrom.length > 0),
  ...web('own error page', (f) => f.sites.some((s) => s.errors !== undefined)),
  ...port('TLS by name', (f) => f.kind === 'tls'),
  ...port('a port of two forwards', (f) => sharedPortOf(f) !== undefined),
  ...port('HSTS', (f) => f.kind === 'https' && f.hsts !== undefined),
  ...(DEBIAN === 'debian-13' ? port('HTTP/3', (f) => f.kind === 'https' && f.http3 === true) : {}),
  ...option('limits', (o) => o.limits !== undefined),
  ...option('methods', (o) => o.methods !== undefined),
  ...option('headers', (o) => o.headers !== undefined),
  ...option('redacted logs', (o) => o.logs?.redact === true),
  ...web('maintenance', (f) => f.maintenance),
  ...route('gRPC', (r) => r.protocol === 'grpc'),
  ...route('gRPC behind limits', (r) => r.protocol === 'grpc' && r.options.limits !== undefined),
  ...route('stripPrefix', (r) => r.stripPrefix),
  ...route('cookie balance', (r) => r.balance === 'cookie'),
  ...route('cache', (r) => r.cache !== undefined),
  ...route('cache and failover behind limits', (r) =>
    [r.cache, r.failover, r.options.limits].every((one) => one !== undefined),
  ),
  blocked: ({ settings }) => settings.blocked.length > 0,
  egress: ({ settings }) => settings.egress.length > 0,
  monitoring: ({ settings }) => settings.prometheus !== undefined,
  ping: ({ settings }) => settings.ping !== undefined,
  ipv6: ({ settings }) => settings.ipv6,
  metadataUsers: ({ settings }) => settings.metadataUsers !== 'everyone' && settings.metadataUsers.length > 0,
};

function kernel(name: string, has: (forward: KernelForward) => boolean) {
  return { [name]: ({ forwards }: Accepted) => forwards.some((f) => f.engine === 'iptables' && has(f)) };
}

function port(name: string, has: (forward: PortForward) => boolean) {
  return { [name]: ({ forwards }: Accepted) => forwards.filter(isPortForward).some(has) };
}

/** A feature of an HTTP or HTTPS forward. */
function web(name: string, has: (forward: WebForward) => boolean) {
  return { [name]: ({ forwards }: Accepted) => forwards.filter(isWebForward).some(has) };
}

/** A feature of a route's options. */
function option(name: string, has: (options: HttpOptions) => boolean) {
  return route(name, (r) => has(r.options));
}

function route(name: string, has: (route: HttpRoute) => boolean) {
  return web(name, (f) => f.sites.some((s) => s.routes.some(has)));
}

/**
 * Draws stacks until enough are accepted, then more for rare features. A refused stack is also tried without the props at
 * fault.
 */
function draw(): { accepted: Accepted[]; refused: Refused<StackProps>[] } {
  const accepted: Accepted[] = [];
  const refused: Refused<StackProps>[] = [];
  const rare = new Map(Object.keys(FEATURES).map((name) => [name, OF_EACH]));
  for (let round = 0; round < MOST_ROUNDS && (accepted.length < ACCEPTED || rare.size > 0); round++) {
    for (const [drawn, choices] of fc.sample(fc.tuple(stacks, mistakes), { numRuns: 200, seed: SEED + round })) {
      const stack = acceptedOf(drawn, read, refused);
      if (stack === undefined) continue;
      const wrong = mutated(stack.set, choices);
      if (wrong !== undefined && accepted.length < ACCEPTED) accepted.push(wrong);
      const wanted = [...rare].filter(([name]) => FEATURES[name]?.(stack));
      if (accepted.length >= ACCEPTED && wanted.length === 0) continue;
      accepted.push(stack);
      for (const [name, missing] of wanted)
        if (missing > 1) rare.set(name, missing - 1);
        else rare.delete(name);
    }
  }
  return { accepted, refused };
}

/** The stack with mistakes that it is accepted with anyway. Without deploy-time values, which cannot be rendered for a host. */
function mutated(set: StackProps, choices: readonly number[]): Accepted | undefined {
  const { stack } = mutate(set, new Choices(choices));
  try {
    const found = read(stack as StackProps);
    return JSON.stringify([found.forwards, found.settings]).includes('Token[')
      ? undefined
      : { ...found, mistaken: true };
  } catch {
    return undefined;
  }
}

describeHost(`what synth accepts, the host accepts (seed ${SEED})`, () => {
  const { accepted, refused } = draw();

  test('draws accepted and refused stacks, with both engines', () => {
    expect(accepted.length).toBeGreaterThanOrEqual(ACCEPTED);
    expect(refused.length).toBeGreaterThan(100);
    expect(accepted.filter(({ mistaken }) => mistaken).length).toBeGreaterThan(20);
    for (const engine of ['iptables', 'nginx']) {
      expect(accepted.filter(({ forwards }) => forwards.some((f) => f.engine === engine)).length).toBeGreaterThan(200);
    }
  });

  test.each(Object.entries(FEATURES))('draws stacks with: %s', (_, has) => {
    expect(accepted.filter(has).length).toBeGreaterThanOrEqual(OF_EACH);
  });

  test('names the prop at fault for every refused stack', () => {
    for (const { set, error } of refused) {
      expect(error).toBeInstanceOf(PortwayError);
      for (const problem of (error as PortwayError).problems) {
        const { prop, forward } = atFault(problem);
        expect([problem, prop]).toEqual([problem, expect.any(String)]);
        if (forward !== undefined) expect(Object.keys(set.forwards)).toContain(forward);
      }
    }
  });

  test('applies every accepted stack to a real kernel and a real nginx', async () => {
    const host = await Host.start();
    const folder = mkdtempSync(join(tmpdir(), 'portway-stacks-'));
    try {
      for (const [i, stack] of accepted.entries()) writeStack(join(folder, `${i}`), stack);
      await writePackage(host);
      await host.sh('gateway', makeCertificates(accepted));
      const packed = execFileSync('tar', ['-cC', folder, '.'], { maxBuffer: 2 ** 28 });
      await host.sh('gateway', 'mkdir /stacks && tar -xC /stacks', packed);
      const said = await host.sh('gateway', '/support/accepts.sh /stacks');
      const lines = said.trim().split('\n');
      expect(lines.pop()).toBe(`tried ${accepted.length}`);
      const failures = lines.map((line) => `${line}\n${JSON.stringify(accepted[Number(line.split(' ')[0])]?.set)}`);
      // A few are enough to diagnose.
      expect(failures.slice(0, 5)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
      await host.stop();
    }
  });
});

function writeStack(folder: string, { forwards, settings }: Accepted): void {
  mkdirSync(folder);
  const { v4, v6 } = renderIptables(forwards, settings);
  writeFileSync(join(folder, 'iptables.rules'), v4);
  writeFileSync(join(folder, 'ip6tables.rules'), v6);
  const nft = renderNftables(forwards, settings);
  const flows = settings.flowOffload ? countingTable(renderFlows(forwards.filter(isKernelForward), settings)) : '';
  if (nft !== undefined) writeFileSync(join(folder, 'nftables.rules'), nft);
  if (flows !== '') writeFileSync(join(folder, 'flows.nft'), flows);
  const conf = renderNginx(
    forwards,
    OPERATING_SYSTEMS[DEBIAN].nginx,
    1024,
    settings.protect,
    settings.prometheus !== undefined,
  );
  if (conf !== undefined) writeFileSync(join(folder, 'nginx.conf'), conf);
}

/** One certificate, under the names of all forwards that end TLS. */
function makeCertificates(accepted: readonly Accepted[]): string {
  const files = new Set(
    accepted.flatMap(({ forwards }) =>
      forwards.filter(isHttpsForward).map(({ name, tls }) => certificateFile(name, tls.source)),
    ),
  );
  return `mkdir -p /etc/portway/tls /var/log/portway /run/portway-nginx
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=x -keyout /run/one.pem -out /run/one.pem 2>/dev/null
    for file in ${[...files].join(' ')}; do ln -sf /run/one.pem "$file"; done`;
}
