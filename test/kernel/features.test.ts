import { Forward } from '../../lib/forward/forward';
import { NO_SETTINGS } from '../../lib/forward/gateway-settings';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { isKernelForward } from '../../lib/forward/resolved';
import { Table } from '../../lib/iptables/table';
import type { KernelFeature } from '../../lib/kernel/feature';
import { KERNEL_FEATURES } from '../../lib/kernel/features';
import { waysOf } from '../../lib/kernel/ways';

const CIDR = { text: '10.9.0.0/16', family: 4 } as const;
const settings = { ...NO_SETTINGS, blocked: [CIDR], egress: [CIDR], loginClosedTo: [CIDR] };

/** A forward to the gateway, two to other hosts: everything that a feature can have to do. */
const forwards = resolveForwardsOrThrow({
  engine: 'iptables',
  forwards: {
    local: Forward.tcp({ listen: 80, to: [8080, '10.0.1.1:80'], limits: { openConnections: 1 } }),
    kept: Forward.tcp({ listen: 81, to: '10.0.1.2:81', preserveClientAddress: true, denyFrom: ['192.0.2.0/24'] }),
  },
}).filter(isKernelForward);

const features = Object.entries<KernelFeature>(KERNEL_FEATURES);

/** The chains that a feature starts in one table, if it writes alone. */
function chainsOf(feature: KernelFeature, table: 'nat' | 'mangle' | 'filter'): readonly string[] {
  const tables = { nat: new Table('nat'), mangle: new Table('mangle'), filter: new Table('filter') };
  feature.iptables?.({ ...tables, family: 4, ways: waysOf(forwards, 4), settings });
  return [...tables[table].render().matchAll(/^:PORTWAY-(\S+)/gm)].map(([, chain]) => chain ?? '');
}

test('iptables features write in this order', () => {
  const written = features.map(([name, feature]) => [
    name,
    (['nat', 'mangle', 'filter'] as const).flatMap((table) => chainsOf(feature, table).map((c) => `${table} ${c}`)),
  ]);
  expect(written.filter(([, chains]) => chains?.length)).toEqual([
    ['destinations', ['nat DNAT', 'nat local']],
    ['limits', ['filter LIMIT']],
    ['clientAddress', ['nat SNAT', 'nat KEEP']],
    ['unmarking', ['nat MARK']],
    ['passage', ['filter FORWARD', 'filter NEW']],
    ['egress', ['nat EGRESS', 'filter EGRESS']],
  ]);
});

test('nftables features write in this order', () => {
  const written = features.map(([name, feature]) => [
    name,
    (feature.nftables?.({ forwards, settings }) ?? []).flatMap((text) => text.match(/(?<=^ {2}chain )\w+/m) ?? []),
  ]);
  expect(written.filter(([, chains]) => chains?.length)).toEqual([
    ['blocked', ['blocked']],
    ['sources', ['sources']],
    ['login', ['login']],
  ]);
});

test('a feature with nothing to do writes nothing', () => {
  for (const [, feature] of features) {
    const tables = { nat: new Table('nat'), mangle: new Table('mangle'), filter: new Table('filter') };
    feature.iptables?.({ ...tables, family: 4, ways: [], settings: NO_SETTINGS });
    for (const [name, table] of Object.entries(tables)) expect(table.render()).toBe(`*${name}\nCOMMIT`);
    expect(feature.nftables?.({ forwards: [], settings: NO_SETTINGS }) ?? []).toEqual([]);
  }
});
