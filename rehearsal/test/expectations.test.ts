import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import type { Plan } from '../../lib/plan/plan';
import { PortwayStack } from '../../lib/portway-stack';
import type { PortwayStackProps } from '../../lib/portway-stack-props';
import { CANONICAL, PUBLIC_KEY } from '../../test/snapshots/canonical';
import { featureFlags } from '../../test/snapshots/synthesize';
import { isRight } from '../src/ask';
import { expectationsOf, openPorts, reachOf, visitorOf } from '../src/expectations';
import { INTERNET } from '../src/network/addresses';

function planOf(props: Omit<PortwayStackProps, 'adminCidr'>): Plan {
  const app = new App({ context: featureFlags() });
  new PortwayStack(app, 'Portway', { adminCidr: '203.0.113.7/32', sshPublicKey: PUBLIC_KEY, ...props });
  return JSON.parse(readFileSync(join(app.synth().directory, 'Portway.plan.json'), 'utf8')) as Plan;
}
const asked = (plan: Plan) =>
  expectationsOf(plan).questions.map(({ forward, speech, port, host, path, places, redirect, client }) =>
    [
      `${forward}: ${speech} ${host ?? ''}:${port}${path}`,
      redirect ?? places.map((p) => `${p.address ?? ''}:${p.port} ${p.speaks}`).join(' or '),
      client,
    ].join(' -> '),
  );
const untried = (plan: Plan) => expectationsOf(plan).untried.map(({ what, reason }) => `${what}: ${reason}`);

test('the shipped stacks', () => {
  const kernel = planOf(CANONICAL.iptables as PortwayStackProps);
  expect(asked(kernel)).toEqual(['web: http :80/ -> :8080 http -> seen', 'secure: https :443/ -> :8443 https -> seen']);
  const proxy = planOf(CANONICAL.nginx as PortwayStackProps);
  expect(asked(proxy)).toEqual(['web: http :80/ -> :8080 http -> told', 'secure: https :443/ -> :8080 http -> told']);
  for (const plan of [kernel, proxy]) {
    expect(untried(plan)).toEqual([]);
    const open = (party: 'stranger' | 'admin') =>
      openPorts(plan, expectationsOf(plan), INTERNET[party].address, party === 'admin');
    expect(open('stranger')).toEqual({ must: [80, 443], may: [80, 443] });
    expect(open('admin')).toEqual({ must: [22, 80, 443], may: [22, 80, 443] });
  }
});

test('other hosts, ranges, datagrams, hosts and paths', () => {
  const plan = planOf({
    forwards: {
      web: Forward.http({ listen: 80, redirectTo: 'https' }),
      secure: Forward.https({
        listen: 443,
        tls: Tls.selfSigned(),
        hosts: {
          'shop.example.com': {
            to: '10.0.1.10:8080',
            routes: { '/api': { to: 'backend-11.rehearsal.internal:9000' } },
          },
          '*.apps.example.com': { to: 8081 },
        },
      }),
      game: Forward.udp({ listen: '27015-27020', to: '10.0.1.20:27015-27020', engine: 'iptables' }),
      nas: Forward.tcp({ listen: 8443, to: ['10.0.1.30:5001', '10.0.1.31:5001'], engine: 'iptables' }),
    },
  });
  expect(asked(plan)).toEqual([
    'web: http :80/ -> https:// -> told',
    'secure: https shop.example.com:443/ -> 10.0.1.10:8080 http -> told',
    'secure: https shop.example.com:443/api -> 10.0.1.11:9000 http -> told',
    'secure: https any.apps.example.com:443/ -> :8081 http -> told',
    'game: udp :27015/ -> 10.0.1.20:27015 udp -> hidden',
    'game: udp :27020/ -> 10.0.1.20:27020 udp -> hidden',
    'nas: https :8443/ -> 10.0.1.30:5001 https or 10.0.1.31:5001 https -> hidden',
  ]);
  expect(untried(plan)).toEqual([]);
});

test('what the lab cannot carry is told with its reason, and never asked', () => {
  const plan = planOf({
    ping: true,
    forwards: {
      vpn: Forward.protocol({ protocol: 'esp', to: '10.0.1.20', family: 'ipv4' }),
      named: Forward.tcp({ listen: 25, to: 'mail.example.com:25', engine: 'nginx' }),
      kept: Forward.tcp({
        listen: 27,
        to: '10.0.1.25:27',
        engine: 'iptables',
        preserveClientAddress: true,
        family: 'ipv4',
      }),
      card: Forward.tcp({ listen: 28, to: 8080, engine: 'iptables', interface: 'ens5' }),
      proxied: Forward.http({ listen: 81, to: 8080, proxyProtocol: { accept: { from: ['10.0.0.0/16'] } } }),
      rpc: Forward.https({ listen: 444, to: 50051, protocol: 'grpc', tls: Tls.selfSigned() } as never),
      acme: Forward.https({
        listen: 443,
        to: 8080,
        tls: Tls.letsEncrypt({ domains: ['www.example.com'], email: 'admin@example.com' } as never),
      }),
      web: Forward.http({ listen: 80, to: 8080 }),
    },
  });
  expect(asked(plan).map((line) => line.split(':')[0])).toEqual(['acme', 'web']);
  expect(untried(plan).map((line) => line.split(':')[0])).toEqual([
    'forward vpn is tried',
    'forward named is tried',
    'forward kept is tried',
    'forward card is tried',
    'forward proxied is tried',
    'forward rpc is tried',
    'the certificate of forward acme',
    'the gateway answers pings',
  ]);
});

test('with IPv6, what is asked over IPv4 alone is told', () => {
  const plan = planOf({
    ipv6: true,
    forwards: {
      web: Forward.http({ listen: 80, to: 8080 }),
      six: Forward.tcp({ listen: 26, to: '[2001:db8::1]:26', engine: 'nginx' }),
    },
  });
  expect(asked(plan)).toEqual(['web: http :80/ -> :8080 http -> told']);
  expect(untried(plan)).toEqual([
    'forward web is tried over IPv6: the rehearsal asks over IPv4',
    'forward six is tried: its target [2001:db8::1]:26 is an IPv6 address, and the lab has targets with IPv4 only',
    'forward six is tried over IPv6: the rehearsal asks over IPv4',
  ]);
});

test('who may reach what: allowFrom, denyFrom, and a visitor where no party of the lab may', () => {
  const tcp = (listen: number, more: object) => Forward.tcp({ listen, to: 8080, engine: 'iptables', ...more });
  const plan = planOf({
    forwards: {
      all: tcp(1, {}),
      notStranger: tcp(2, { denyFrom: ['198.51.100.0/24'] }),
      office: tcp(3, { allowFrom: ['192.0.2.64/26'] }),
      part: tcp(4, { allowFrom: ['192.0.2.64/26'], denyFrom: ['192.0.2.64/27'] }),
      six: tcp(5, { allowFrom: ['2001:db8::/32'] }),
    },
  });
  const reach = (name: string) => reachOf(plan, name, INTERNET.stranger.address);
  expect(['all', 'notStranger', 'office', 'part'].map(reach)).toEqual(['yes', 'refused', 'no', 'no']);
  expect(['all', 'notStranger', 'office', 'part', 'six'].map((name) => visitorOf(plan, name))).toEqual([
    'stranger',
    'admin',
    { address: '192.0.2.65' },
    { address: '192.0.2.97' },
    undefined,
  ]);
  const { must, may } = openPorts(plan, expectationsOf(plan), INTERNET.stranger.address, false);
  expect({ must, may }).toEqual({ must: [1], may: [1, 2] });
});

test('an answer counts only from the right one', () => {
  const question = {
    ...{ forward: 'web', port: 80, speech: 'http' as const, path: '/', client: 'told' as const, believed: false },
    places: [{ address: '10.0.1.10', port: 8080, speaks: 'http' as const }],
  };
  const seen = { host: 'x', address: '10.0.1.10', port: 8080, tls: false, client: { address: '192.0.2.1' } };
  const right = (more: object, status = 200) =>
    isRight(question, { status, seen: { ...seen, ...more }, text: '' }, () => false);
  expect(right({})).toBe(true);
  expect([right({ address: '10.0.1.11' }), right({ port: 8081 }), right({ tls: true })]).toEqual([false, false, false]);
  expect(isRight(question, { status: 200, text: 'who?' }, () => false)).toBe(false);
  expect(isRight(question, { status: 200, text: 'who?' }, () => true)).toBe(true);
  expect(isRight(question, { status: 502, text: '' }, () => true)).toBe(false);
  const redirect = { ...question, places: [], redirect: 'https://' };
  expect(isRight(redirect, { status: 301, location: 'https://x/', text: '' }, () => false)).toBe(true);
  expect(isRight(redirect, { status: 301, location: 'http://x/', text: '' }, () => false)).toBe(false);
});
