import { Forward } from '../../lib/forward/forward';
import { chain, hooks, render, table } from '../iptables/rules';

const limits = { newConnectionsPerSecond: 20, openConnections: 10 };

test('counts an IPv4 address or a /64 as one client', () => {
  const { v4, v6 } = render({ web: Forward.tcp({ listen: 80, to: 8080, limits }) });
  for (const [text, prefix] of [
    [v4, 32],
    [v6, 64],
  ] as const) {
    const [rate, open] = chain(text, 'PORTWAY-LIMIT');
    expect(rate).toMatch(/^-p tcp -m conntrack --ctorigdstport 80 -m hashlimit .*-j DROP$/);
    expect(rate).toContain(`--hashlimit-srcmask ${prefix} --hashlimit-above 20/sec --hashlimit-burst 100`);
    expect(open).toBe(
      `-p tcp -m conntrack --ctorigdstport 80 -m connlimit --connlimit-above 10 --connlimit-mask ${prefix} --connlimit-saddr -j DROP`,
    );
  }
});

test('checks only the first packet of a connection, and none of the gateway itself', () => {
  const first = '-m conntrack --ctstate DNAT ! --ctstatus CONFIRMED -j PORTWAY-LIMIT';
  const { v4, v6 } = render({
    here: Forward.tcp({ listen: 80, to: 8080, limits }),
    there: Forward.tcp({ listen: 81, to: '10.0.1.1:80', limits }),
  });
  expect(hooks(table(v4, 'filter')).slice(0, 2)).toEqual([`INPUT ! -i lo ${first}`, `FORWARD ${first}`]);
  expect(hooks(table(v6, 'filter'))).toEqual([`INPUT ! -i lo ${first}`]);
});

test("renames the kernel's table when limits change, since it keeps the limits of an existing name", () => {
  const name = (perSecond: number, burst: number) => {
    const web = Forward.tcp({ listen: 80, to: 8080, limits: { newConnectionsPerSecond: perSecond, burst } });
    return /--hashlimit-name (\S+)/.exec(render({ web }).v4)?.[1];
  };
  expect(new Set([name(20, 100), name(21, 100), name(20, 101)]).size).toBe(3);
  expect(name(20, 100)).toBe(name(20, 100));
});

test('remembers a client until it may burst again', () => {
  const { v4 } = render({
    slow: Forward.tcp({ listen: 80, to: 8080, limits: { newConnectionsPerSecond: 2, burst: 100 } }),
    fast: Forward.tcp({ listen: 81, to: 8080, limits: { newConnectionsPerSecond: 100, burst: 100 } }),
  });
  const expiry = chain(v4, 'PORTWAY-LIMIT').map((rule) => Number(/--hashlimit-htable-expire (\d+)/.exec(rule)?.[1]));
  expect(expiry).toEqual([50_000, 10_000]);
});
