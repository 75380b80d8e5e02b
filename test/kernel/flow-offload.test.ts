import { Forward } from '../../lib/forward/forward';
import { NO_SETTINGS, readGatewaySettings } from '../../lib/forward/gateway-settings';
import { Problems } from '../../lib/forward/problems';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { isKernelForward } from '../../lib/forward/resolved';
import { kernelPart } from '../../lib/host/kernel';
import { OPERATING_SYSTEMS } from '../../lib/host/operating-system';
import { renderFlows } from '../../lib/kernel/flow-offload';

const EGRESS = [
  { text: '10.0.0.0/16', family: 4 },
  { text: 'fd00::/8', family: 6 },
] as const;

function render(
  forwards: Readonly<Record<string, Forward>>,
  settings: { egress?: typeof EGRESS; ipv6?: boolean } = {},
) {
  const resolved = resolveForwardsOrThrow({ engine: 'iptables', forwards }).filter(isKernelForward);
  return renderFlows(resolved, { ...NO_SETTINGS, ...settings });
}

/** The elements of a set, in order. */
function elements(text: string | undefined, set: string): readonly string[] {
  const body = text?.split(`set ${set} {`)[1]?.split('}')[0] ?? '';
  return [...body.matchAll(/^ {6}(.*),$/gm)].map(([, element]) => element ?? '');
}

const HERE = { here: Forward.tcp({ listen: 80, to: 8080 }) };
const TWO = ['10.0.1.20:8080', '[2001:db8::20]:8080'];

test('holds the ports of forwards to other hosts, each with its targets', () => {
  const text = render(
    {
      here: Forward.tcp({ listen: 22_000, to: 22 }),
      site: Forward.http({ listen: 80, to: '10.0.1.9:80', engine: 'nginx' }),
      shop: Forward.tcp({ listen: 443, to: TWO }),
      game: Forward.udp({ listen: '9000-9010', to: '10.0.1.21:9000-9010', family: 'ipv4' }),
      vpn: Forward.protocol({ protocol: 'esp', to: '10.0.1.22', family: 'ipv4' }),
    },
    { ipv6: true },
  );
  expect(elements(text, 'ports_v4')).toEqual(['tcp . 443 . 10.0.1.20']);
  expect(elements(text, 'ports_v6')).toEqual(['tcp . 443 . 2001:db8::20']);
  expect(elements(text, 'ranges_v4')).toEqual(['udp . 9000-9010 . 10.0.1.21']);
  expect(text).not.toMatch(/ranges_v6|egress|22000|10\.0\.1\.9/);
});

test('names a port and a target once, whatever the targets’ ports', () => {
  const text = render({ shop: Forward.tcp({ listen: 443, to: ['10.0.1.20:8080', '10.0.1.20:8081'] }) });
  expect(elements(text, 'ports_v4')).toEqual(['tcp . 443 . 10.0.1.20']);
});

test('holds private networks that go out', () => {
  const text = render(HERE, { egress: EGRESS, ipv6: true });
  expect(elements(text, 'egress_v4')).toEqual(['10.0.0.0/16']);
  expect(elements(text, 'egress_v6')).toEqual(['fd00::/8']);
  expect(render(HERE, { egress: EGRESS })).not.toMatch(/_v6/);
});

test('is not there without another host', () => {
  expect(render(HERE)).toBeUndefined();
});

test('takes no flow before it is assured, and after all chains of others', () => {
  const text = render({ shop: Forward.tcp({ listen: 443, to: '10.0.1.20:443' }) }, { egress: EGRESS }) ?? '';
  const added = text.split('\n').filter((line) => line.endsWith('flow add @fast'));
  expect(added).toHaveLength(2);
  for (const line of added) expect(line).toMatch(/^ {4}ct status assured ct status (dnat|snat) /);
  expect(text).toContain('type filter hook forward priority 1000\n');
});

describe('the files of a host', () => {
  const files = (forwards: Readonly<Record<string, Forward>>, flowOffload: boolean, live = false) =>
    kernelPart(
      resolveForwardsOrThrow({ engine: 'iptables', forwards }),
      { ...NO_SETTINGS, flowOffload },
      OPERATING_SYSTEMS['debian-13'],
      { live },
    )
      .files.map(({ path }) => path)
      .filter((path) => path.includes('flows'));
  const remote = { shop: Forward.tcp({ listen: 443, to: '10.0.1.20:443' }) };

  test('are the table, and what loads it for the devices', () => {
    expect(files(remote, true)).toEqual([
      '/etc/portway/flows.nft',
      '/usr/local/lib/portway/host.d/flows.sh',
      '/usr/local/lib/portway/portway/flows.py',
      '/etc/udev/rules.d/90-portway-flows.rules',
    ]);
  });

  test('are without flowOffload only what takes the table away, on hosts that change live', () => {
    expect(files(remote, false)).toEqual([]);
    expect(files(remote, false, true)).toEqual(['/usr/local/lib/portway/host.d/flows.sh']);
  });

  test('are none where nothing leads to another host', () => {
    expect(files(HERE, true)).toEqual([]);
  });
});

test('the prop is true or false, by default false', () => {
  const problems = new Problems();
  expect(readGatewaySettings({}, undefined, problems).flowOffload).toBe(false);
  expect(readGatewaySettings({ flowOffload: true }, undefined, problems).flowOffload).toBe(true);
  expect(() => problems.throwIfAny()).not.toThrow();
  readGatewaySettings({ flowOffload: 'no' as never }, undefined, problems);
  expect(() => problems.throwIfAny()).toThrow(/flowOffload must be true or false, got: "?no/);
});
