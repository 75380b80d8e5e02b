import { Forward, type HttpForwardProps } from '../../lib/forward/forward';
import { NO_SETTINGS } from '../../lib/forward/gateway-settings';
import { PortwayError } from '../../lib/forward/problems';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { challengeRecordsOf, isHttpsForward } from '../../lib/forward/resolved';
import { type LetsEncryptProps, type SecretSource, Tls } from '../../lib/forward/tls';
import { outboundTraffic } from '../../lib/forward/traffic';

const redirect = Forward.http({ listen: 80, redirectTo: 'https' });
const given = { email: 'admin@example.com', domains: ['www.example.com'] };

function resolve(tls: Tls, more: Readonly<Record<string, Forward>> = { web: redirect }) {
  const secure = Forward.https({ listen: 443, to: 8080, tls });
  return resolveForwardsOrThrow({ forwards: { secure, ...more } });
}

function certificate(tls: Tls) {
  const [secure] = resolve(tls);
  return secure !== undefined && isHttpsForward(secure) ? secure.tls : undefined;
}

function problems(tls: Tls, more?: Readonly<Record<string, Forward>>): readonly string[] {
  try {
    resolve(tls, more);
  } catch (error) {
    if (error instanceof PortwayError) return error.problems;
    throw error;
  }
  return [];
}

const acme = (props: object) => Tls.letsEncrypt(props as LetsEncryptProps);

describe('Tls.letsEncrypt', () => {
  test("uses Let's Encrypt, its staging CA, or another CA", () => {
    const server = (props: object) => certificate(acme({ ...given, ...props }));
    expect(server({})).toEqual({
      source: 'acme',
      ...given,
      server: 'https://acme-v02.api.letsencrypt.org/directory',
    });
    expect(server({ staging: true })).toMatchObject({
      server: 'https://acme-staging-v02.api.letsencrypt.org/directory',
    });
    expect(server({ server: 'https://ca:14000/dir' })).toMatchObject({ server: 'https://ca:14000/dir' });
  });

  test('accepts deploy-time values', () => {
    const token = '$' + '{Token[TOKEN.1]}';
    expect(problems(acme({ email: token, domains: [token, `www.${token}`], server: token }))).toEqual([]);
  });

  test.each<[string, object | undefined, readonly RegExp[]]>([
    ['nothing', undefined, [/^forwards\.secure\.tls must be an object such as \{ email: /]],
    ['neither email nor domains', {}, [/\.tls\.email must be an e-mail/, /\.tls\.domains must hold 1-100 domains/]],
    ['an email that is none', { ...given, email: 'admin' }, [/\.tls\.email must be an e-mail address .*, got: admin$/]],
    ['an email of two lines', { ...given, email: 'a@b.example\nx' }, [/\.tls\.email must be/]],
    ['an unknown part', { ...given, domain: 'a.example' }, [/\.tls\.domain must be one of email, domains, dns, /]],
    ['no domain', { ...given, domains: [] }, [/\.tls\.domains must hold 1-100 domains, .*, got: \[\]$/]],
    ['one text', { ...given, domains: 'www.example.com' }, [/\.tls\.domains must hold 1-100 domains/]],
    ['too many', { ...given, domains: Array.from({ length: 101 }, (_, i) => `a${i}.example`) }, [/1-100.*got: 101$/]],
    [
      'a star without dns',
      { ...given, domains: ['*.example.com'] },
      [/\.tls\.domains\[0\] must be a domain without a star: /],
    ],
    ['an address', { ...given, domains: ['192.0.2.1'] }, [/\.tls\.domains\[0\] must be a domain in lower case/]],
    ['an IPv6 address', { ...given, domains: ['2001:db8::1'] }, [/\.tls\.domains\[0\] must be a domain in lower/]],
    ['upper case', { ...given, domains: ['WWW.example.com'] }, [/\.tls\.domains\[0\] must be a domain in lower case/]],
    ['one label', { ...given, domains: ['localhost'] }, [/\.tls\.domains\[0\] must be a domain/]],
    ['an underscore', { ...given, domains: ['a_b.example.com'] }, [/\.tls\.domains\[0\] must be a domain/]],
    ['a dot at the end', { ...given, domains: ['example.com.'] }, [/\.tls\.domains\[0\] must be a domain/]],
    ['an option of certbot', { ...given, domains: ['--x.example'] }, [/\.tls\.domains\[0\] must be a domain/]],
    ['twice', { ...given, domains: ['a.example', 'a.example'] }, [/\.tls\.domains\[1\] must not be listed twice/]],
    ['a number', { ...given, domains: [5] }, [/\.tls\.domains\[0\] must be a domain/]],
    ['a staging that is none', { ...given, staging: 'yes' }, [/\.tls\.staging must be true or false, got: yes$/]],
    ['a plain server', { ...given, server: 'http://ca/dir' }, [/\.tls\.server must be the https address of an ACME/]],
    ['a server of two lines', { ...given, server: 'https://ca/\nx' }, [/\.tls\.server must be the https address/]],
    ['both', { ...given, server: 'https://ca/dir', staging: true }, [/\.tls\.staging must be left out beside server$/]],
  ])('refuses %s', (_, props, expected) => {
    expect(problems(acme(props as object))).toEqual(expected.map((e) => expect.stringMatching(e)));
  });

  test('requires a forward on port 80 for the CA', () => {
    const web = (props: object) => ({ web: Forward.http({ listen: 80, ...props } as HttpForwardProps) });
    const path = '/.well-known/acme-challenge/*';
    const all = (more: Readonly<Record<string, Forward>>) => problems(acme(given), more);
    const missing = [
      expect.stringMatching(
        /^forwards\.secure\.tls must go with an HTTP forward on port 80, .* Forward\.http\(\{ listen: 80, redirectTo: 'https' \}\), or let the CA check records: dns: \{ zone \}$/,
      ),
    ];
    expect(all({})).toEqual(missing);
    expect(all({ web: Forward.tcp({ listen: 80, to: 8080 }) })).toEqual(missing);
    expect(all({ web: Forward.http({ listen: 81, to: 8080 }) })).toEqual(missing);
    expect(all(web({ redirectTo: 'https', allowFrom: ['192.0.2.0/24'] }))).toEqual([
      expect.stringMatching(/^forwards\.web\.allowFrom must be left out beside Tls\.letsEncrypt without dns: the CA /),
    ]);
    expect(all(web({ to: 8080, routes: { [path]: { to: 81 } } }))).toEqual([
      expect.stringMatching(/^forwards\.web\.routes\["\/\.well-known\/acme-challenge\/\*"\] must be left out/),
    ]);
    expect(all(web({ hosts: { 'a.example': { to: 8080, routes: { [path]: { to: 81 } } } } }))).toEqual([
      expect.stringMatching(/^forwards\.web\.hosts\["a\.example"\]\.routes\[.* must be left out/),
    ]);
    expect(all(web({ to: 8080, denyFrom: ['192.0.2.0/24'], routes: { '/.well-known/*': { to: 81 } } }))).toEqual([]);
    // Without Let's Encrypt the path is one like any other.
    expect(problems(Tls.selfSigned(), web({ to: 8080, routes: { [path]: { to: 81 } } }))).toEqual([]);
  });

  test('accepts a CA on a custom port', () => {
    const ports = (server: string) =>
      outboundTraffic(resolve(acme({ ...given, server })), NO_SETTINGS).flatMap((r) => r.ports?.from ?? []);
    expect(ports('https://ca.example/dir')).toEqual(ports('https://ca.example:443/dir'));
    expect(ports('https://ca.example:14000/dir')).toContain(14_000);
  });
});

describe('Tls.letsEncrypt with dns', () => {
  const ID = 'Z0123456789ABCDEFGHIJ';
  const zone = { hostedZoneId: ID, zoneName: 'example.com.' };
  const wild = { email: given.email, domains: ['example.com', '*.example.com', 'a.b.example.com'] };
  /** As the CDK imports a zone by its ID. */
  const nameless = Object.defineProperty({ hostedZoneId: ID }, 'zoneName', {
    get: () => {
      throw new Error('cannot reference a zone name');
    },
  });

  test.each<[string, unknown]>([
    ['the ID of a zone', ID],
    ['a zone', zone],
    ['a zone without a name', nameless],
  ])('takes wildcards with %s, and needs no forward on port 80', (_, given) => {
    const tls = acme({ ...wild, dns: { zone: given } });
    expect(problems(tls, {})).toEqual([]);
    expect(certificate(tls)).toMatchObject({ source: 'acme', domains: wild.domains, zoneId: ID });
  });

  test('accepts zones that are known at deploy time, or still to be looked up', () => {
    const token = '$' + '{Token[TOKEN.1]}';
    for (const given of [
      token,
      { hostedZoneId: token, zoneName: token },
      { hostedZoneId: 'DUMMY', zoneName: 'example.com' },
    ])
      expect(problems(acme({ ...wild, domains: [...wild.domains, token], dns: { zone: given } }), {})).toEqual([]);
  });

  test('leaves port 80 to the forwards that listen there', () => {
    const [, web] = resolve(acme({ ...wild, dns: { zone } }));
    expect(web).not.toHaveProperty('answersAcme');
    const closed = { web: Forward.http({ listen: 80, to: 8080, allowFrom: ['192.0.2.0/24'] }) };
    expect(problems(acme({ ...wild, dns: { zone } }), closed)).toEqual([]);
    // Another certificate of the stack may still be checked there.
    const plain = Forward.https({ listen: 8443, to: 8080, tls: acme(given) });
    expect(problems(acme({ ...wild, dns: { zone } }), { ...closed, plain })).toEqual([
      expect.stringMatching(/^forwards\.web\.allowFrom must be left out beside Tls\.letsEncrypt without dns: /),
    ]);
  });

  test('names the records of all certificates, by zone', () => {
    const other = 'Z1111111111111111111';
    const forwards = resolve(acme({ ...wild, dns: { zone } }), {
      web: redirect,
      same: Forward.https({ listen: 8443, to: 8080, tls: acme({ ...given, dns: { zone: ID } }) }),
      other: Forward.https({ listen: 8444, to: 8080, tls: acme({ ...given, dns: { zone: other } }) }),
      http: Forward.https({ listen: 8445, to: 8080, tls: acme({ ...given, domains: ['c.example.com'] }) }),
    });
    const names = ['example.com', 'a.b.example.com', 'www.example.com'].map((name) => `_acme-challenge.${name}`);
    expect(challengeRecordsOf(forwards)).toEqual([
      { zoneId: ID, names },
      { zoneId: other, names: ['_acme-challenge.www.example.com'] },
    ]);
  });

  test.each<[string, object, readonly RegExp[]]>([
    ['a flag', { ...given, dns: true }, [/\.tls\.dns must be an object such as \{ zone: 'Z0.*' \}, got: true$/]],
    ['no zone', { ...given, dns: {} }, [/\.tls\.dns\.zone must be a hosted zone, such as route53\./]],
    [
      'a name for a zone',
      { ...given, dns: { zone: 'example.com' } },
      [/\.tls\.dns\.zone must be .*, got: example\.com$/],
    ],
    ['something else', { ...given, dns: { zone: { zoneName: 'x' } } }, [/\.tls\.dns\.zone must be a hosted zone/]],
    [
      'names outside of the zone',
      { ...given, domains: ['a.example.org', '*.badexample.com'], dns: { zone } },
      [/\.domains\[0\] must be in the zone example\.com, got: a/, /\.domains\[1\] must be in the zone example\.com/],
    ],
    [
      'names that a wildcard covers',
      { ...given, domains: ['*.example.com', 'www.example.com'], dns: { zone } },
      [/\.domains\[1\] must be left out beside \*\.example\.com: CAs refuse .*, got: www/],
    ],
    [
      'a star alone',
      { ...given, domains: ['*.com'], dns: { zone: ID } },
      [/\.domains\[0\] must be a domain in lower .* or \*\./],
    ],
    [
      'a star inside',
      { ...given, domains: ['a.*.example.com'], dns: { zone } },
      [/\.domains\[0\] must be a domain in lower/],
    ],
  ])('refuses %s', (_, props, expected) => {
    expect(problems(acme(props), {})).toEqual(expected.map((e) => expect.stringMatching(e)));
  });
});

describe('Tls.secret', () => {
  const secret = (secretArn: string): SecretSource => ({ secretArn, grantRead: () => undefined });
  const arn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:web/tls-AbCdEf';

  test.each([arn, arn.replace('aws', 'aws-cn'), arn.slice(0, -7), '$' + '{Token[TOKEN.1]}'])('accepts %s', (text) => {
    expect(certificate(Tls.secret(secret(text)))).toMatchObject({ source: 'secret', secret: { secretArn: text } });
  });

  test.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /^forwards\.secure\.tls\.secret must be a secret, such as secretsmanager\./],
    ['an ARN alone', arn, /\.tls\.secret must be a secret, .*, got: arn:/],
    ['no right to give', { secretArn: arn }, /\.tls\.secret must be a secret/],
    ['a parameter', secret('arn:aws:ssm:eu-central-1:123456789012:parameter/x'), /\.secretArn must be the ARN of a s/],
    ['a line break', secret(`${arn}\n`), /\.secretArn must be the ARN of a secret/],
  ])('refuses %s', (_, value, expected) => {
    expect(problems(Tls.secret(value as SecretSource))).toEqual([expect.stringMatching(expected)]);
  });
});
