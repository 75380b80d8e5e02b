import { isIP } from 'node:net';
import { BALANCES } from './balance';
import { checkTargets } from './check-targets';
import { FAILOVER } from './failover';
import type { TlsForwardProps } from './forward';
import { isHostName } from './host-name';
import type { Problems } from './problems';
import { checkBalance, readBalance } from './read-balance';
import { canFailOver, readFailover } from './read-failover';
import { readObject, readRecord } from './read-object';
import { readTargets } from './read-props';
import type { TlsForward } from './resolved';
import type { TlsHost, TlsHostProps } from './tls-hosts';
import { TLS_HOST } from './tls-hosts';

/** The host names of a TLS forward in the user's order, followed by the entry for all other names. */
export function readTlsHosts(
  at: string,
  props: Partial<TlsForwardProps>,
  { name, listen }: { readonly name: string; readonly listen: TlsForward['listen'] },
  problems: Problems,
): Pick<TlsForward, 'tlsHosts' | 'failover'> {
  const { hosts } = props;
  const failover = readFailover(at, props.failover, 'nginx', problems) ?? FAILOVER;
  const standing = readBalance(at, props.balance, 'nginx', problems);
  const rule =
    "must hold at least one host, such as { 'www.example.com': { to: '10.0.1.20:443' } }; for all names alike there is Forward.tcp";
  const entries = readRecord(`${at}.hosts`, hosts, rule, problems);
  if (entries === undefined) return { tlsHosts: [] };
  const place = (where: string, own: Partial<TlsHostProps>, id: string): TlsHost => {
    const said = where === at ? undefined : readBalance(where, own.balance, 'nginx', problems);
    const targets = readTargets(where, { kind: 'tls', props: own }, problems);
    if (said !== undefined && targets.length < 2)
      problems.add(`${where}.balance`, 'must be left out where there is one target', said);
    const balance = said ?? standing ?? BALANCES.nginx[0];
    checkBalance(where, { balance, targets, by: 'nginx' }, problems);
    checkTargets(where, { kind: 'tls', engine: 'nginx', listen, targets }, problems);
    return { id, targets, balance };
  };
  const named = entries.flatMap(([host, value]): readonly TlsHost[] => {
    const where = `${at}.hosts[${JSON.stringify(host)}]`;
    if (!isHostName(host) || isIP(host) !== 0) {
      const rule =
        'must be a host name in lower case such as www.example.com or *.example.com; clients never send addresses as names';
      problems.add(where, rule, host);
      return [];
    }
    const own = readObject(where, value, { parts: TLS_HOST, example: "{ to: '10.0.1.20:443' }" }, problems);
    if (value === undefined) problems.add(where, "must say where it leads, such as { to: '10.0.1.20:443' }");
    return own === undefined ? [] : [{ host, ...place(where, own as Partial<TlsHostProps>, `${name}.${host}`) }];
  });
  const tlsHosts = [...named, ...(props.to === undefined ? [] : [place(at, props, name)])];
  const possible = tlsHosts.some((h) => canFailOver(h.targets));
  if (!possible && tlsHosts.length > 0 && props.failover !== undefined)
    problems.add(`${at}.failover`, 'must be left out where every name has one target');
  if (standing !== undefined && tlsHosts.length > 0 && tlsHosts.every((h) => h.targets.length < 2))
    problems.add(`${at}.balance`, 'must be left out where every name has one target', standing);
  return { tlsHosts, ...(possible ? { failover } : {}) };
}
