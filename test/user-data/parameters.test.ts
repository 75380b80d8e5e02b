import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { Aws } from 'aws-cdk-lib';
import { Forward } from '../../lib/forward/forward';
import { PortwayError, Problems } from '../../lib/forward/problems';
import { type ForwardSet, resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { Tls } from '../../lib/forward/tls';
import { type HostContent, hostContent } from '../../lib/host/host-content';
import { OPERATING_SYSTEMS } from '../../lib/host/operating-system';
import { packForParameters } from '../../lib/host/pack';
import { MAX_PARAMETERS, PARAMETER_LIMIT, type ParameterArchive, parameterNames } from '../../lib/host/parameters';
import { renderUserData, USER_DATA_LIMIT } from '../../lib/host/user-data';

function contentOf(set: ForwardSet): HostContent {
  return hostContent({ forwards: resolveForwardsOrThrow(set), os: OPERATING_SYSTEMS['debian-13'] });
}

function render(content: HostContent, stack?: string) {
  const problems = new Problems();
  const identity = {
    ...{ content: '0123456789abcdef', signalUrl: 'https://signal.example/?a=b', signalUrlReserve: 600, attempt: 0 },
    ...(stack === undefined ? {} : { stack }),
  };
  const userData = renderUserData(content, identity, problems);
  problems.throwIfAny();
  return userData;
}

/** Certificates by ACME beside UDP to another host: scripts for most of both engines. */
const both = (listen = 27015): ForwardSet => ({
  forwards: {
    web: Forward.http({ listen: 80, redirectTo: 'https' }),
    secure: Forward.https({
      listen: 443,
      to: 8080,
      tls: Tls.letsEncrypt({ email: 'a@example.com', domains: ['example.com'] }),
    }),
    game: Forward.udp({ listen, to: '10.0.1.20:27015', engine: 'iptables' }),
  },
});

/** Host names that a forward tells apart. */
const hosts = { 'a.example.com': { to: 9100 }, 'b.example.com': { to: 9101 } };

const many = (count: number): ForwardSet => ({
  engine: 'iptables',
  forwards: Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`f${i}`, Forward.tcp({ listen: 3000 + i, to: `10.0.1.${i % 250}:9000` })]),
  ),
});

const given = (archive: ParameterArchive | undefined): ParameterArchive => {
  if (archive === undefined) throw new Error('it has room in user-data');
  return archive;
};

/** The files in it, read by Python as on the host. */
function unpack({ values }: ParameterArchive): { path: string; mode: string; text: string }[] {
  const script =
    'import base64, sys, zlib; sys.stdout.buffer.write(zlib.decompress(base64.b85decode(sys.stdin.read().replace(".", "{"))))';
  return JSON.parse(execFileSync('python3', ['-c', script], { input: values.join(''), encoding: 'utf8' }));
}

test('needs no parameters if everything fits into user-data', () => {
  expect(render(contentOf(many(1))).archive).toBeUndefined();
});

test('moves scripts first, then the largest file, and keeps the other rules as plain lines', () => {
  const content = contentOf(both());
  const { text, size, archive } = render(content);
  expect(size).toBeLessThanOrEqual(USER_DATA_LIMIT);
  expect(text).toContain(content.files.find((f) => f.path.endsWith('/iptables.rules'))?.text);
  const scripts = content.files.filter((f) => f.origin === 'script' || f.path.endsWith('/nginx.conf'));
  expect(unpack(given(archive))).toEqual(scripts.map(({ path, mode, text: own }) => ({ path, mode, text: own })));
});

test('keeps the parameters when a rule changes, and renames them when scripts change', () => {
  const before = given(render(contentOf(both())).archive);
  expect(render(contentOf(both(27016))).archive).toEqual(before);
  const more = { forwards: { ...both().forwards, admin: Forward.http({ listen: 8080, to: 8081, maintenance: true }) } };
  const names = parameterNames(given(render(contentOf(more)).archive));
  expect(names.filter((name) => parameterNames(before).includes(name))).toEqual([]);
});

test('moves rules too if they do not fit, the largest file first, without losing any', () => {
  const content = contentOf(many(900));
  const { compressed, archive, text } = render(content);
  expect(compressed).toBe(true);
  expect(text).not.toContain('PORTWAY-DNAT');
  const away = content.files.filter((f) => f.origin === 'script' || f.path.endsWith('/iptables.rules'));
  expect(unpack(given(archive)).map((f) => f.path)).toEqual(expect.arrayContaining(away.map((f) => f.path)));
  for (const { path, mode, text: own } of unpack(given(archive)))
    expect(content.files).toContainEqual(expect.objectContaining({ path, mode, text: own }));
});

test('keeps the other rules as plain lines if only the largest file does not fit', () => {
  const big = Array.from({ length: 20 }, (_, i) => [`s${i}`, Forward.http({ listen: 8000 + i, to: 9000 + i, hosts })]);
  const content = contentOf({ forwards: { ...both().forwards, ...Object.fromEntries(big) } });
  const { compressed, archive, text } = render(content);
  expect(compressed).toBe(true);
  expect(unpack(given(archive)).map((f) => f.path)).toContain('/etc/nginx/nginx.conf');
  expect(text).not.toContain('proxy_pass');
  expect(text).toContain(content.files.find((f) => f.path === '/etc/portway/iptables.rules')?.text);
});

test('fits each value into a standard parameter, and puts the hash of all into user-data', () => {
  const { text, archive } = render(contentOf(many(900)));
  const { values, digest, place } = given(archive);
  expect(values.length).toBeLessThanOrEqual(MAX_PARAMETERS);
  for (const value of values) {
    expect(value.length).toBeLessThanOrEqual(PARAMETER_LIMIT);
    // AWS reads two braces as the name of another parameter, and takes no space at an end for granted.
    expect(value).toMatch(/^[^\s{]+$/);
  }
  expect(createHash('sha256').update(values.join('')).digest('hex')).toBe(digest);
  expect(text).toContain(`PORTWAY_PARAMETERS='${place} ${values.length}'\nPORTWAY_PARAMETERS_SHA256='${digest}'\n`);
  expect(parameterNames(given(archive))[0]).toBe(`/portway/Portway/${digest.slice(0, 16)}/1`);
});

test('produces the same bytes on every machine and version of Node', () => {
  const files = Array.from({ length: 40 }, (_, i) => ({
    ...{ path: `/etc/f${i}`, mode: '0644', origin: 'script' as const },
    text: `line ${i * i}\nand ${'again '.repeat(i % 7)}${String.fromCharCode(33 + i)}\n`,
  }));
  const packed = packForParameters(files);
  expect(createHash('sha256').update(packed).digest('hex')).toBe(
    '2c153a665cda33ab68b0d94318ee13e8bf299352356e7cc30105e51657ea27c9',
  );
});

test('counts a deploy-time stack name with the maximum length', () => {
  const fixed = render(contentOf(both()), 'x'.repeat(128));
  const token = render(contentOf(both()), Aws.STACK_NAME);
  expect(token.text).toContain(`/portway/${Aws.STACK_NAME}/`);
  expect(token.size).toBe(fixed.size);
});

test('refuses what does not fit into the parameters, with a breakdown', () => {
  const error = (() => {
    try {
      return render(contentOf(many(4000)));
    } catch (e) {
      return e;
    }
  })();
  expect(error).toBeInstanceOf(PortwayError);
  expect((error as Error).message).toMatch(
    /^user-data must be at most 16384 bytes with at most 20 parameters besides; .*\/etc\/portway\/iptables\.rules \d+.*host\.sh \d+.*got: \d+ bytes and \d\d parameters$/,
  );
});
