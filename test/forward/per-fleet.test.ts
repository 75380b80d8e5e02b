import { checkFleet } from '../../lib/check-fleet';
import { checkStack } from '../../lib/check-stack';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { hostContent } from '../../lib/host/host-content';
import { OPERATING_SYSTEMS } from '../../lib/host/operating-system';
import { chain } from '../iptables/rules';
import { SMALL } from '../support/fleet';

const TO = '10.0.9.10:8080';
const SIX = { min: 2, max: 6 };

function files(forwards: Readonly<Record<string, Forward>>, capacity = SIX) {
  const { settings, machine, ...checked } = checkFleet({ ...SMALL, capacity, forwards });
  const content = hostContent({ forwards: checked.forwards, settings, os: OPERATING_SYSTEMS[machine.os] });
  return (end: string) => content.files.find(({ path }) => path.endsWith(end))?.text ?? '';
}

test('each host gets its share by max, rounded down; a default burst follows from the share', () => {
  const limits = { requestsPerSecond: 125, openConnections: 63, perFleet: true };
  const conf = files({
    web: Forward.http({ listen: 80, to: TO, limits, routes: { '/api/*': { to: TO } } }),
    written: Forward.http({ listen: 81, to: TO, limits: { ...limits, burst: 100 } }),
    alone: Forward.http({ listen: 82, to: TO, limits: { requestsPerSecond: 125, perFleet: false } }),
    plain: Forward.tcp({ listen: 83, to: TO, limits: { openConnections: 65, perFleet: true } }),
  })('/nginx.conf');
  expect(conf.match(/(?<=zone=rate-.*)rate=\d+r\/s/g)).toEqual(['rate=20r/s', 'rate=20r/s', 'rate=125r/s']);
  expect(conf.match(/limit_req zone=rate.*;/g)).toEqual([
    'limit_req zone=rate-web burst=99 nodelay;',
    'limit_req zone=rate-written burst=15 nodelay;',
    'limit_req zone=rate-alone burst=624 nodelay;',
  ]);
  expect(conf.match(/limit_conn open-\w+ \d+/g)?.sort()).toEqual([
    ...['limit_conn open-plain 10', 'limit_conn open-web 10', 'limit_conn open-written 10'],
  ]);
});

test("the kernel's limits are divided too", () => {
  const rules = (max: number) => {
    const limits = { newConnectionsPerSecond: 60, openConnections: 30, perFleet: true };
    const web = Forward.tcp({ listen: 80, to: TO, engine: 'iptables', limits });
    return chain(files({ web }, { min: 2, max })('/iptables.rules'), 'PORTWAY-LIMIT');
  };
  expect(rules(6)).toEqual([
    expect.stringContaining('--hashlimit-above 10/sec --hashlimit-burst 50 '),
    expect.stringContaining('--connlimit-above 5 '),
  ]);
  expect(rules(30)).toEqual([
    expect.stringContaining('--hashlimit-above 2/sec --hashlimit-burst 10 '),
    expect.stringContaining('--connlimit-above 1 '),
  ]);
});

test('one host has nobody to share with; it says so at every place', () => {
  const limits = { openConnections: 20, perFleet: true };
  const reason =
    'must be left out on one host, whose limits are what a client may do in all: only PortwayFleet has hosts to share them, got: true';
  const forwards = {
    a: Forward.http({ listen: 80, to: TO, routes: { '/api/*': { to: TO, limits } } }),
    b: Forward.tcp({ listen: 81, to: TO, limits }),
    c: Forward.tls({ listen: 443, hosts: { 'a.example.com': { to: TO } }, limits }),
    d: Forward.https({ listen: 444, to: TO, tls: Tls.selfSigned(), limits: { ...limits, perFleet: false } }),
  };
  expect(() => checkStack({ adminCidr: '203.0.113.7/32', forwards })).toThrow(
    expect.objectContaining({
      problems: [
        `forwards.a.routes["/api/*"].limits.perFleet ${reason}`,
        `forwards.b.limits.perFleet ${reason}`,
        `forwards.c.limits.perFleet ${reason}`,
      ],
    }),
  );
});

test('one host has no balancer whose PROXY protocol it could take', () => {
  const web = Forward.http({ listen: 80, to: TO, proxyProtocol: { accept: 'balancer' } });
  expect(() => checkStack({ adminCidr: '203.0.113.7/32', forwards: { web } })).toThrow(
    expect.objectContaining({
      problems: [
        "forwards.web.proxyProtocol.accept must name networks here, such as { from: ['10.0.0.0/16'] }: only PortwayFleet has a balancer of its own, got: balancer",
      ],
    }),
  );
});

test('a wrong capacity says nothing about limits', () => {
  const web = Forward.tcp({ listen: 80, to: TO, engine: 'iptables', limits: { openConnections: 1, perFleet: true } });
  expect(() => checkFleet({ ...SMALL, capacity: { min: 2 }, forwards: { web } })).toThrow(
    expect.objectContaining({ problems: [expect.stringMatching(/^capacity\.max /)] }),
  );
});
