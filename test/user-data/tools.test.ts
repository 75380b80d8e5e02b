import { Fn } from 'aws-cdk-lib';
import { Forward } from '../../lib/forward/forward';
import { NO_SETTINGS } from '../../lib/forward/gateway-settings';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { toolFiles } from '../../lib/host/tools';

const filesOf = (forwards: Readonly<Record<string, Forward>>) =>
  toolFiles(resolveForwardsOrThrow({ forwards }), { ...NO_SETTINGS, ipv6: true });
const groupOf = (forwards: Readonly<Record<string, Forward>>) =>
  filesOf(forwards)
    .find(({ path }) => path === '/etc/portway/group')
    ?.text.trimEnd()
    .split('\n')
    .toSorted();

test('say what the security group lets in, with the forward of each rule', () => {
  expect(
    groupOf({
      web: Forward.tcp({ listen: 80, to: 8080 }),
      shop: Forward.tcp({ listen: 443, to: 8443, engine: 'iptables', allowFrom: ['198.51.100.0/24', '2001:db8::/32'] }),
      game: Forward.udp({ listen: '6000-6010', to: '10.0.1.20:6000-6010', engine: 'iptables' }),
      vpn: Forward.protocol({ protocol: 'esp', to: '10.0.1.40' }),
    }),
  ).toEqual([
    '50 0 0.0.0.0/0 vpn',
    '50 0 ::/0 vpn',
    'tcp 443 198.51.100.0/24 shop',
    'tcp 443 2001:db8::/32 shop',
    'tcp 80 0.0.0.0/0 web',
    'tcp 80 ::/0 web',
    'udp 6000-6010 0.0.0.0/0 game',
    'udp 6000-6010 ::/0 game',
  ]);
});

test('leave out what only the deploy knows', () => {
  const allowFrom = [Fn.importValue('OfficeNetwork')];
  expect(groupOf({ web: Forward.tcp({ listen: 80, to: 8080, allowFrom }) })).toBeUndefined();
});

test('are all dropped first, and know only the engines that the host has', () => {
  const inKernel = filesOf({ web: Forward.tcp({ listen: 80, to: 8080, engine: 'iptables' }) });
  const onNginx = filesOf({ web: Forward.http({ listen: 80, to: 8080 }) });
  for (const { optional } of [...inKernel, ...onNginx]) expect(['tool', 'extra']).toContain(optional);
  // Programs are packed. What changes with a forward is not, so that they stay the same.
  for (const { path, origin } of inKernel) expect(origin).toBe(path === '/etc/portway/group' ? 'copy' : 'script');
  const has = (files: typeof inKernel, name: string) => files.some(({ path }) => path.endsWith(`/${name}.py`));
  expect([has(inKernel, 'top_flows'), has(onNginx, 'top_flows')]).toEqual([true, false]);
  expect([has(inKernel, 'explain_nginx'), has(onNginx, 'explain_nginx')]).toEqual([false, true]);
});
