import type { HostStatus } from '../../../lib/host/outputs/status';
import type { HostTop, SourceActivity } from '../../../lib/host/outputs/top';
import type { Answer } from '../../../lib/operate/hosts/answers';
import { hostsStatus, statusText } from '../../../lib/operate/hosts/status';
import { hostsTop, topText } from '../../../lib/operate/hosts/top';
import { schemaErrors } from '../../support/json-schema';

const host = (number: number) => ({
  ...{ number, instanceId: `i-${number}`, zone: `eu-central-1${'ab'[number % 2]}`, launched: new Date(0) },
  address: undefined,
});
const said = <T>(number: number, one: T): Answer<T> => ({ host: host(number), said: one });
const silent = (number: number): Answer<never> => ({ host: host(number), trouble: 'Connection timed out' });

const status = (more: Partial<HostStatus> = {}, isUp = true): HostStatus => ({
  forwards: [
    {
      ...{ forward: 'web', listener: 'tcp/80', engine: 'iptables', packets: 7, bytes: 700, connections: 3 },
      targets: [{ target: '10.0.9.10:8080', up: isUp }, { target: '10.0.9.11:8080' }],
    },
  ],
  ...{ offloaded: null, problems: [], warnings: [], ...more },
});

test('hosts that say the same differ in nothing, whatever they carried', () => {
  const other = status();
  const busy = { ...other, forwards: other.forwards.map((one) => ({ ...one, connections: 99, bytes: 9 })) };
  const answers = [said(1, status()), said(2, busy)];
  expect(hostsStatus(answers).differs).toEqual([]);
  expect(statusText(answers)).toBe(`   host  zone           connections  bytes
   ----  ----           -----------  -----
1  i-1   eu-central-1b  3            700
2  i-2   eu-central-1a  99           9

all that answered:
  forward web: tcp/80 by iptables
  forward web: 10.0.9.10:8080
  forward web: 10.0.9.11:8080
`);
});

test('what some say is told with who says it; a host that does not answer is named', () => {
  const answers = [
    said(1, status({ warnings: ['the disk is slow'] })),
    said(2, status({ problems: ['nginx runs another configuration'] }, false)),
    silent(3),
    said(4, status()),
  ];
  const joined = hostsStatus(answers);
  expect(schemaErrors('hosts-status', JSON.stringify(joined))).toEqual([]);
  expect(Object.keys(joined.hosts)).toEqual(['i-1', 'i-2', 'i-4']);
  expect(joined.unreachable).toEqual({ 'i-3': 'Connection timed out' });
  expect(joined.differs).toEqual([
    { what: 'forward web: 10.0.9.10:8080', hosts: ['i-1', 'i-4'] },
    { what: 'WARNING: the disk is slow', hosts: ['i-1'] },
    { what: 'forward web: 10.0.9.10:8080 is down', hosts: ['i-2'] },
    { what: 'NOT AS DEPLOYED: nginx runs another configuration', hosts: ['i-2'] },
  ]);
  const text = statusText(answers);
  expect(text).toMatch(/^3 {2}i-3 {3}eu-central-1b {2}- +- +NO ANSWER$/m);
  expect(text).toMatch(/^2 {2}i-2 .* DIFFERS$/m);
  expect(text).toMatch(/^only 2: forward web: 10\.0\.9\.10:8080 is down$/m);
  expect(text).toMatch(/^i-3 did not answer: Connection timed out$/m);
});

const source = (name: string, more: Partial<SourceActivity> = {}): SourceActivity => ({
  ...{ source: name, open: 1, new: 2, requests: 10, requests_per_second: 2, bytes: 1000, bytes_per_second: 200 },
  ...{ share_4xx: 0, share_5xx: 0, refused: 0, blocked: false, ...more },
});
const top = (sources: readonly SourceActivity[]): HostTop => ({
  ...{ seconds: 5, sources, uncounted_connections: 1, dropped_packets: { blocked: 1, sources: 2, limits: 3 } },
});

test('what a source did is summed over hosts, and shares are weighted by requests', () => {
  const answers = [
    said(1, top([source('198.51.100.7', { share_4xx: 50 }), source('198.51.100.8')])),
    silent(2),
    said(3, top([source('198.51.100.7', { requests: 30, requests_per_second: 6, share_4xx: 10, blocked: true })])),
  ];
  const joined = hostsTop(answers);
  expect(schemaErrors('hosts-top', JSON.stringify(joined))).toEqual([]);
  expect(joined).toEqual({
    seconds: 5,
    sources: [
      {
        ...{ source: '198.51.100.7', hosts: 2, open: 2, new: 4, requests: 40, requests_per_second: 8 },
        // 5 and 3 of 40.
        ...{ bytes: 2000, bytes_per_second: 400, share_4xx: 20, share_5xx: 0, refused: 0, blocked: true },
      },
      { ...source('198.51.100.8'), hosts: 1 },
    ],
    ...{ dropped_packets: { blocked: 2, sources: 4, limits: 6 }, uncounted_connections: 2 },
    ...{ hosts: ['i-1', 'i-3'], unreachable: { 'i-2': 'Connection timed out' } },
  });
  expect(topText(answers)).toMatch(
    /^2 hosts, 2 sources, 5 s\. Packets dropped by blocked 2, sources 4, limits 6\. Not counted: 2 connections\nsource /,
  );
  expect(topText(answers)).toMatch(/^198\.51\.100\.7 {2}2 +2 +0\.8 +8\.0 +400 +20 +0 +0 +blocked$/m);
});

test('nothing from nobody is no error', () => {
  expect(hostsTop([silent(1)])).toMatchObject({ seconds: 0, sources: [], hosts: [] });
  expect(hostsStatus([silent(1)])).toMatchObject({ hosts: {}, differs: [] });
});
