import { Forward, type HttpsForwardProps, type TlsForwardProps } from '../../lib/forward/forward';
import { PortwayError } from '../../lib/forward/problems';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { isPortForward } from '../../lib/forward/resolved';
import { Tls } from '../../lib/forward/tls';
import { problems } from './support';

const A = { 'a.example': { to: '10.0.1.10:443' } };

function pass(props: object): Forward {
  return Forward.tls({ listen: 443, hosts: A, ...props } as TlsForwardProps);
}

function secure(props: object = {}): Forward {
  return Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned(), ...props } as HttpsForwardProps);
}

function resolved(forwards: Readonly<Record<string, Forward>>) {
  return resolveForwardsOrThrow({ forwards }).filter(isPortForward);
}

/** What is wrong with forwards of one port. */
function clashes(forwards: Readonly<Record<string, Forward>>): readonly string[] {
  try {
    resolveForwardsOrThrow({ forwards });
  } catch (error) {
    if (error instanceof PortwayError) return error.problems;
    throw error;
  }
  return [];
}

test('resolves the targets of each name, and of all others', () => {
  const several = ['10.0.1.11:443', '10.0.1.12:443'];
  const hosts = { ...A, '*.b.example': { to: several, balance: 'source' } };
  const [forward] = resolved({ pass: pass({ hosts, to: 8443, balance: undefined, failover: { maxFails: 1 } }) });
  expect(forward).toMatchObject({ kind: 'tls', transport: 'tcp', engine: 'nginx', failover: { maxFails: 1 } });
  expect(forward?.kind === 'tls' && forward.tlsHosts).toMatchObject([
    { host: 'a.example', id: 'pass.a.example', balance: 'round-robin' },
    { host: '*.b.example', id: 'pass.*.b.example', balance: 'source' },
    { id: 'pass', targets: [{ kind: 'local' }] },
  ]);
  expect(forward?.targets).toHaveLength(4);
});

test.each([
  ['no hosts', { hosts: {} }, 'web.hosts must hold at least one host'],
  ['hosts that are none', { hosts: ['a.example'] }, 'web.hosts must hold at least one host'],
  ['upper case', { hosts: { 'A.example': { to: 8443 } } }, 'web.hosts["A.example"] must be a host name in lower case'],
  ['a star alone', { hosts: { '*': { to: 8443 } } }, 'web.hosts["*"] must be a host name'],
  ['a star within', { hosts: { 'a.*.example': { to: 8443 } } }, 'web.hosts["a.*.example"] must be a host name'],
  ['a star for a part', { hosts: { 'a*.example': { to: 8443 } } }, 'web.hosts["a*.example"] must be a host name'],
  ['an address', { hosts: { '10.0.0.1': { to: 8443 } } }, 'web.hosts["10.0.0.1"] must be a host name'],
  ['a name with a port', { hosts: { 'a.example:1': { to: 8443 } } }, 'web.hosts["a.example:1"] must be a host name'],
  ['a host without a target', { hosts: { 'a.example': {} } }, 'web.hosts["a.example"].to must say where'],
  ['a host that is nothing', { hosts: { 'a.example': undefined } }, 'web.hosts["a.example"] must say where'],
  ['a host that is a target', { hosts: { 'a.example': 8443 } }, 'web.hosts["a.example"] must be an object such as'],
  ['paths', { hosts: { 'a.example': { to: 8443, routes: {} } } }, 'web.hosts["a.example"].routes must be one of to'],
  ['its own listener', { hosts: { 'a.example': { to: 443 } } }, 'web.hosts["a.example"].to must not lead back'],
  ['a range to lead to', { to: '10.0.1.1:80-90' }, 'web.to must have one port for TLS'],
  ['a range to listen on', { listen: '443-445' }, 'web.listen must be one port for TLS'],
  ['balance for one', { balance: 'source' }, 'web.balance must be left out where every name has one target'],
  ['failover for one', { failover: {} }, 'web.failover must be left out where every name has one target'],
  ['lots', { balance: 'random', to: ['10.0.1.1:1', '10.0.1.2:1'] }, 'web.balance must be round-robin'],
  ['iptables', { engine: 'iptables' }, 'web.engine must run on nginx, since iptables does not read TLS'],
  [
    'an interface',
    { interface: 'wg0' },
    'web.interface must be left out: it is for Forward.tcp, Forward.udp and Forward.protocol',
  ],
  ['new connections', { limits: { newConnectionsPerSecond: 1 } }, 'web.limits.newConnectionsPerSecond must be left'],
  ['answers of UDP', { responses: 1 }, 'web.responses must be left out'],
])('refuses %s', (_, props, problem) => {
  expect(problems(pass(props)).join()).toContain(problem);
});

test('may be the target of a redirect', () => {
  const web = Forward.http({ listen: 80, redirectTo: 'https' });
  const [redirect] = resolved({ web, pass: pass({ listen: 8443 }) });
  expect(redirect?.kind === 'http' && redirect.sites[0]?.routes[0]?.redirect).toBe(8443);
});

describe('on one port with an HTTPS forward', () => {
  test('each knows the other, and names that a wildcard would take from it', () => {
    const hosts = { 'www.b.example': { to: 8081 }, 'c.example': { to: 8082 } };
    const [tls, https] = resolved({
      pass: pass({ hosts: { ...A, '*.b.example': { to: 8443 } } }),
      secure: secure({ hosts }),
    });
    const sharedPort = { tls: 'pass', https: 'secure', httpsHosts: ['www.b.example'] };
    expect(tls).toHaveProperty('sharedPort', sharedPort);
    expect(https).toHaveProperty('sharedPort', sharedPort);
  });

  test('are independent on different ports', () => {
    for (const forward of resolved({ pass: pass({}), secure: secure({ listen: 8443 }) }))
      expect(forward).not.toHaveProperty('sharedPort');
  });

  const accept = { accept: { from: ['10.0.0.0/16'] } };

  test('share the PROXY protocol', () => {
    const both = { pass: pass({ proxyProtocol: accept }), secure: secure({ proxyProtocol: accept }) };
    expect(resolved(both)).toHaveLength(2);
  });

  test.each([
    ['other names', { to: 8443 }, {}, 'pass.to must be left out: other names go to forwards.secure'],
    ['the same name', {}, { hosts: { 'a.example': { to: 1 } } }, 'pass.hosts["a.example"] must differ from those of'],
    ['headers of proxies', {}, { trustedProxies: ['10.0.0.0/8'] }, 'secure.trustedProxies must be left out while'],
    ['the PROXY protocol for one', { proxyProtocol: accept }, {}, 'secure.proxyProtocol must accept from the same'],
    ['or the other', {}, { proxyProtocol: accept }, 'secure.proxyProtocol must accept from the same'],
  ])('refuses %s', (_, tls, https, problem) => {
    expect(clashes({ pass: pass(tls), secure: secure(https) })).toEqual([
      expect.stringContaining(`forwards.${problem}`),
    ]);
  });

  test.each([
    ['two of TLS', { a: pass({}), b: pass({}) }],
    ['two of HTTPS beside it', { a: pass({}), b: secure(), c: secure() }],
    ['TCP', { a: pass({}), b: Forward.tcp({ listen: 443, to: 8443 }) }],
    ['HTTP', { a: pass({}), b: Forward.http({ listen: 443, to: 8443 }) }],
    ['TCP by iptables', { a: pass({}), b: Forward.tcp({ listen: '440-450', to: 8443, engine: 'iptables' }) }],
  ])('refuses %s', (_, forwards) => {
    expect(clashes(forwards).join()).toContain('must not overlap with');
  });
});
