import { plannedTraffic, readTraffic, trafficLines } from '../../lib/plan/traffic';

const units = (text: string) => plannedTraffic(readTraffic(text), true).balancer;

test.each([
  ['new=800', 1, 'new connections of TCP', 4.38],
  ['active=250000', 2.5, 'open connections of TCP', 10.95],
  ['mbit=80', 36, 'volume of TCP', 157.68],
  ['new=1000,active=5000,mbit=80', 36, 'volume of TCP', 157.68],
  ['udp-new=800', 2, 'new connections of UDP', 8.76],
  ['udp-active=25000', 0.5, 'open connections of UDP', 2.19],
  // Both protocols count, each by its largest part.
  ['new=1600,udp-active=150000,udp-mbit=1', 5, 'open connections of UDP', 21.9],
  ['out=5', 0, 'new connections of TCP', 0],
])('%s takes %d units of a balancer', (text, count, most, dollarsAMonth) => {
  expect(units(text)).toEqual({ units: count, most, dollarsAMonth });
});

test('a single gateway has no balancer, and pays for what leaves AWS', () => {
  const planned = plannedTraffic(readTraffic('new=100,out=70'), false);
  expect(planned).not.toHaveProperty('balancer');
  // 70 Mbit/s are 31.5 GB an hour.
  expect(planned.transfer).toEqual({ gigabytesAMonth: 22_995, dollarsAMonth: 2069.55 });
  expect(trafficLines(planned)).toEqual([
    'no balancer, so connections and volume by themselves cost nothing',
    'out of AWS: 22995 GB, $2069.55 a month',
    expect.stringMatching(/^list prices in us-east-1 of 2026-11, https:/),
  ]);
});

test('what it does not understand is told at once', () => {
  expect(() => readTraffic('news=1,new=-5,mbit=x,active=1,active=2,out=,=')).toThrow(
    'news is none of new, active, mbit, udp-new, udp-active, udp-mbit, out; new must be a number of 0-1000000000, got: -5; mbit must be a number of 0-1000000000, got: x; active is there twice; out must be a number of 0-1000000000, got: nothing; nothing is none of new, active, mbit, udp-new, udp-active, udp-mbit, out. An example: new=200,active=5000,mbit=80,out=70',
  );
  expect(() => readTraffic('new=1e9')).toThrow(/^new must be a number/);
  expect(() => readTraffic('')).toThrow(/^nothing is none of/);
});
