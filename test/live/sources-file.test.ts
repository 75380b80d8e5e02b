import { Forward } from '../../lib/forward/forward';
import { readGatewaySettings } from '../../lib/forward/gateway-settings';
import { Problems } from '../../lib/forward/problems';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { liveFiles } from '../../lib/host/live/files';
import { sourcesFiles } from '../../lib/host/live/sources-file';

const filesOf = (forwards: Readonly<Record<string, Forward>>, blocked?: readonly string[]) =>
  sourcesFiles(
    resolveForwardsOrThrow({ forwards }),
    readGatewaySettings(blocked === undefined ? {} : { blocked }, undefined, new Problems()),
  );

test('no list, no file', () => {
  expect(filesOf({ web: Forward.http({ listen: 80, to: 8080 }) })).toEqual([]);
});

test('a line for each list, with networks merged', () => {
  const files = filesOf(
    {
      web: Forward.http({ listen: 80, to: 8080, allowFrom: ['198.51.100.0/25', '198.51.100.128/25', '2001:db8::/32'] }),
      game: Forward.udp({ listen: 27015, to: 27016, denyFrom: ['203.0.113.9/32'], engine: 'iptables' }),
      edge: Forward.tcp({ listen: 81, to: 82, proxyProtocol: { accept: { from: ['192.0.2.0/24'] } } }),
    },
    ['203.0.113.0/24'],
  );
  expect(files.map(({ path, text }) => [path, text.split('\n')])).toEqual([
    [
      '/etc/portway/sources',
      [
        '* deny 203.0.113.0/24',
        'web allow 198.51.100.0/24 2001:db8::/32',
        'game deny 203.0.113.9/32',
        'edge proxied',
        '',
      ],
    ],
  ]);
});

test('a host has the programs of its engines only', () => {
  const programs = (forward: Forward) =>
    liveFiles(resolveForwardsOrThrow({ forwards: { one: forward } }))
      .map(({ path }) => /portway\/(cut\w*)\.py$/.exec(path)?.[1])
      .filter(Boolean);
  expect(programs(Forward.tcp({ listen: 80, to: 8080, engine: 'iptables' }))).toEqual(['cut', 'cut_flows']);
  expect(programs(Forward.tcp({ listen: 80, to: 8080, engine: 'nginx' }))).toEqual(['cut', 'cut_sockets']);
});

test('a list stands once, before the forwards that name it', () => {
  const office = ['198.51.100.0/24', '2001:db8:1::/48'];
  const forwards = resolveForwardsOrThrow({
    lists: { office, bad: ['203.0.113.0/24'] },
    forwards: {
      web: Forward.http({ listen: 80, to: 8080, allowFrom: ['192.0.2.1/32', 'office'], denyFrom: ['bad'] }),
      game: Forward.udp({ listen: 27015, to: 27016, allowFrom: ['office'], engine: 'iptables' }),
    },
  });
  const [file] = sourcesFiles(forwards, readGatewaySettings({}, undefined, new Problems()));
  expect(file?.text.split('\n')).toEqual([
    '@office list 198.51.100.0/24 2001:db8:1::/48',
    '@bad list 203.0.113.0/24',
    'web allow @office 192.0.2.1/32',
    'web deny @bad',
    'game allow @office',
    '',
  ]);
});
