import { Forward } from '../../lib/forward/forward';
import { NO_SETTINGS } from '../../lib/forward/gateway-settings';
import type { PortwayError } from '../../lib/forward/problems';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { renderNftables } from '../../lib/kernel/render-nftables';

/** The steps of docs/contributing/add-a-kernel-option.md with a toy option: a feature in a file of its own, and a line in the list. */
jest.mock('../../lib/kernel/features', () => {
  const actual = jest.requireActual('../../lib/kernel/features');
  const { readFlag } = jest.requireActual('../../lib/forward/read-value');
  const { renderChain } = jest.requireActual('../../lib/nftables/block');
  const lowDelay = {
    on: 'forward',
    props: { lowDelay: true },
    read: (at: string, props: { lowDelay?: boolean }, problems: unknown) => ({
      lowDelay: readFlag(`${at}.lowDelay`, props.lowDelay, problems) === true,
    }),
    nftables: ({ forwards }: { forwards: readonly { name: string; lowDelay?: boolean }[] }) => {
      const fast = forwards.filter((forward) => forward.lowDelay);
      const rules = fast.map(({ name }) => `ip dscp set ef comment "${name}"`);
      return rules.length === 0
        ? []
        : [renderChain('low_delay', ['type filter hook postrouting priority 0', ...rules])];
    },
  };
  return { ...actual, KERNEL_FEATURES: { ...actual.KERNEL_FEATURES, lowDelay } };
});

const render = (forward: Forward) =>
  renderNftables(resolveForwardsOrThrow({ engine: 'iptables', forwards: { game: forward } }), NO_SETTINGS) ?? '';

function problemsOf(forward: Forward): readonly string[] {
  try {
    render(forward);
  } catch (error) {
    return (error as PortwayError).problems;
  }
  return [];
}

const udp = { listen: 27015, to: 27016 };

test.each([
  ['UDP', Forward.udp({ ...udp, lowDelay: true } as never)],
  ['an IP protocol', Forward.protocol({ protocol: 'esp', to: '10.0.1.1', lowDelay: true } as never)],
])('renders the option of a forward of %s', (_, forward) => {
  expect(render(forward)).toMatch(/chain low_delay {\n.*\n {4}ip dscp set ef comment "game"/);
});

test('renders nothing where it is unset', () => {
  expect(render(Forward.udp(udp))).not.toContain('low_delay');
});

test('refuses a wrong value, and the option on nginx', () => {
  expect(problemsOf(Forward.udp({ ...udp, lowDelay: 'yes' } as never))).toEqual([
    'forwards.game.lowDelay must be true or false, got: yes',
  ]);
  expect(problemsOf(Forward.udp({ ...udp, engine: 'nginx', lowDelay: true } as never))).toEqual([
    "forwards.game.lowDelay must be left out on nginx: only engine: 'iptables' carries it out, got: true",
  ]);
});
