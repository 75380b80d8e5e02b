import { Forward } from '../../lib/forward/forward';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { renderNginx } from '../../lib/nginx/render';
import { problems } from '../forward/support';

const render = (forward: Forward) =>
  renderNginx(resolveForwardsOrThrow({ forwards: { web: forward } }), { user: 'www-data', http2: 'directive' }) ?? '';

/** The directives of the options in a forward's server, in order. */
const directives = (forward: Forward) =>
  render(forward)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^(proxy_(protocol|timeout|responses|buffer_size)) /.test(line));

test('options write their lines in this order', () => {
  expect(directives(Forward.udp({ listen: 53, to: 5353, idleTimeout: 7, responses: 1 }))).toEqual([
    'proxy_timeout 7s;',
    'proxy_responses 1;',
    'proxy_buffer_size 64k;',
  ]);
  expect(directives(Forward.tcp({ listen: 80, to: 8080, idleTimeout: 7, proxyProtocol: { send: true } }))).toEqual([
    'proxy_protocol on;',
    'proxy_timeout 7s;',
  ]);
});

test('sessions end by default after a day without data, and those of UDP after 120 s', () => {
  expect(directives(Forward.tcp({ listen: 80, to: 8080 }))).toEqual(['proxy_timeout 86400s;']);
  expect(directives(Forward.udp({ listen: 53, to: 5353 }))).toEqual(['proxy_timeout 120s;', 'proxy_buffer_size 64k;']);
});

test('iptables refuses the options, and TLS forwards those of TCP and UDP alone', () => {
  const udp = { listen: 53, to: 5353, idleTimeout: 7, responses: 1, engine: 'iptables' } as const;
  expect(problems(Forward.udp(udp))).toEqual([
    "forwards.web.idleTimeout must be left out on iptables: only engine: 'nginx' carries it out, got: 7",
    "forwards.web.responses must be left out on iptables: only engine: 'nginx' carries it out, got: 1",
  ]);
  const tls = { listen: 443, hosts: { 'a.example': { to: '10.0.1.1:443' } }, responses: 1 };
  expect(problems(Forward.tls(tls as never))).toEqual([
    expect.stringMatching(/^forwards\.web\.responses must be left out: it is for Forward\.tcp and Forward\.udp/),
  ]);
});
