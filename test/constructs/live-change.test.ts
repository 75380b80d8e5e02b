import { Duration, Lazy } from 'aws-cdk-lib';
import { checkStack } from '../../lib/check-stack';
import { type Confirm, describeConfirmed } from '../../lib/forward/confirm';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { base, problemsOf } from '../support/stack-problems';

test('a live host drains only if it is told to', () => {
  expect(checkStack(base).liveChange).toEqual({ confirmed: [] });
  expect(checkStack({ ...base, drain: Duration.minutes(5) }).liveChange).toMatchObject({
    drainSeconds: 300,
  });
});

test.each([
  [
    'restart',
    { onChange: 'restart', drain: Duration.minutes(5) },
    "drain must go with onChange 'live', or be left out",
  ],
  ['replace', { onChange: 'replace', drain: Duration.minutes(5) }, "drain must go with onChange 'live'"],
  [
    'a number',
    { drain: 300 },
    'drain must be a Duration that is known at synth, such as Duration.minutes(5), got: 300',
  ],
  ['null', { drain: null }, 'drain must be a Duration that is known at synth'],
  [
    'nothing to drain',
    { drain: Duration.seconds(0) },
    'drain must be 1 second to 24 hours, in whole seconds, got: 0 s',
  ],
  ['two days', { drain: Duration.days(2) }, 'drain must be 1 second to 24 hours'],
  [
    'half a second',
    { drain: Duration.millis(1500) },
    'drain must be 1 second to 24 hours, in whole seconds, got: 1.5 s',
  ],
  ['a deploy-time value', { drain: Duration.seconds(Lazy.number({ produce: () => 9 })) }, 'that is known at synth'],
  ['another word', { drian: Duration.minutes(5) }, 'drian'],
])('refuses a drain with %s', (_, props, problem) => {
  expect(problemsOf({ ...base, ...props }).join('\n')).toContain(problem);
});

const many = {
  web: Forward.http({ listen: 80, to: 8080 }),
  shop: Forward.https({
    listen: 443,
    hosts: { '*.example': { to: 8081 }, 'shop.example': { to: 8082 } },
    tls: Tls.selfSigned(),
  }),
  away: Forward.http({ listen: 81, redirectTo: 'https' }),
  pass: Forward.tls({
    listen: 8443,
    hosts: { 'pass.example': { to: '10.0.1.1:443' } },
    proxyProtocol: { accept: { from: ['10.0.0.0/8'] } },
  }),
  db: Forward.tcp({ listen: 5432, to: '10.0.1.20:5432', engine: 'iptables' }),
  game: Forward.udp({ listen: 27015, to: 27016, engine: 'iptables' }),
  vpn: Forward.protocol({ protocol: 'esp', to: '10.0.1.30' }),
};

const confirmed = (confirm: Confirm) =>
  Object.fromEntries(
    checkStack({ ...base, forwards: many, confirm }).liveChange.confirmed.map((one) => [
      one.forward.name,
      describeConfirmed(one),
    ]),
  );

test("'answers' is asked of all forwards of TCP that have a target", () => {
  expect(confirmed('answers')).toEqual({ web: {}, shop: {}, pass: {}, db: {} });
});

test('a probe takes the way of the forward', () => {
  const http = '/health';
  expect(
    confirmed({ web: { http }, shop: { http, expect: 204 }, pass: { http, host: 'other.example' }, db: 'answers' }),
  ).toEqual({
    web: { http, expect: 200, host: 'localhost', tls: false, proxy: false },
    shop: { http, expect: 204, host: 'shop.example', tls: true, proxy: false },
    pass: { http, expect: 200, host: 'other.example', tls: true, proxy: true },
    db: {},
  });
});

test.each([
  [
    'another word',
    'answer',
    "confirm must be 'answers', or hold 'answers' or a probe for forwards by name, such as { web: ",
  ],
  ['a list', ['web'], "confirm must be 'answers', or hold"],
  ['nothing', {}, "confirm must be 'answers', or hold"],
  ['null', null, "confirm must be 'answers', or hold"],
  ['a probe of no forward', { http: '/health', expect: 200 }, 'confirm.http must have the name of a forward'],
  ['an unknown forward', { shpo: 'answers' }, 'confirm.shpo must have the name of a forward'],
  ['UDP', { game: 'answers' }, 'confirm.game must be of TCP and have a target'],
  ['a protocol', { vpn: { http: '/' } }, 'confirm.vpn must be of TCP'],
  ['a redirect', { away: 'answers' }, 'confirm.away must be of TCP and have a target'],
  ['a word for a probe', { web: 'yes' }, "confirm.web must be an object such as { http: '/health' } or 'answers'"],
  ['no path', { web: {} }, 'confirm.web.http must be a path in ASCII'],
  ['a URL', { web: { http: 'http://web/' } }, 'confirm.web.http must be a path in ASCII'],
  ['a line break', { web: { http: '/\r\nX: y' } }, 'confirm.web.http must be a path in ASCII'],
  ['a status of text', { web: { http: '/', expect: '200' } }, 'confirm.web.expect must be a whole number of 200-599'],
  ['a star', { shop: { http: '/', host: '*.example' } }, 'confirm.shop.host must be a host name in lower case'],
  ['another prop', { web: { http: '/', expects: 200 } }, 'expects'],
])('refuses to confirm with %s', (_, confirm, problem) => {
  expect(problemsOf({ ...base, forwards: many, confirm }).join('\n')).toContain(problem);
});

test('refuses to confirm what does not change live', () => {
  expect(problemsOf({ ...base, onChange: 'restart', confirm: 'answers' })).toEqual([
    "confirm must go with onChange 'live', or be left out, got: answers",
  ]);
});
