import type { Ledger } from '../ledger';
import type { Directive } from './directives';
import { seconds, within } from './units';

/** Where a `proxy_pass` leads, as props of a forward. */
export interface Targets {
  readonly to: unknown;
  readonly balance?: string;
  readonly failover?: Readonly<Record<string, unknown>>;
  /** How many there are: some props need several. */
  readonly count: number;
  readonly hasIpv6: boolean;
}

interface Server {
  readonly to: number | string;
  readonly weight?: number;
  readonly backup?: true;
  readonly maxFails?: number;
  readonly failTimeout?: number;
}

/** The targets of a host and port, or of the upstream of this name. Undefined if none can be a target. */
export function targetsOf(
  name: string,
  upstreams: ReadonlyMap<string, Directive>,
  pass: Directive,
  defaultPort: number | undefined,
  ledger: Ledger,
): Targets | undefined {
  const upstream = upstreams.get(name);
  if (upstream !== undefined) return ofUpstream(upstream, defaultPort, ledger);
  const to = readAddress(name, defaultPort);
  if (typeof to === 'object') {
    ledger.remark('lost', pass, to.why);
    return undefined;
  }
  tellName(to, pass, ledger);
  return { to, count: 1, hasIpv6: isIpv6(to) };
}

function ofUpstream(upstream: Directive, defaultPort: number | undefined, ledger: Ledger): Targets | undefined {
  const body = upstream.body ?? [];
  const servers = body
    .filter(({ name }) => name === 'server')
    .flatMap((one) => readServer(one, defaultPort, ledger) ?? []);
  ledger.take(upstream);
  const names = servers.filter(({ to }) => isName(to));
  const [first] = names;
  const usable = first !== undefined && servers.length > 1 ? withoutNames(servers, body, ledger) : servers;
  const unique = [...new Map(usable.map((one) => [one.to, one])).values()];
  const balance = readBalance(body, ledger);
  if (unique.length === 0) return undefined;
  const plain: readonly Server[] = unique.every((one) => one.backup) ? unique.map(({ backup, ...one }) => one) : unique;
  const list = plain.map(({ to, weight, backup }) =>
    weight === undefined && backup === undefined
      ? to
      : {
          to,
          ...(weight === undefined || plain.length === 1 ? {} : { weight }),
          ...(backup === undefined ? {} : { backup }),
        },
  );
  const [only] = plain;
  const failover = readFailover(
    plain.filter((one) => !one.backup),
    body,
    ledger,
  );
  return {
    to: plain.length === 1 ? only?.to : list,
    count: plain.length,
    hasIpv6: plain.some(({ to }) => isIpv6(to)),
    ...(plain.length > 1 && balance !== undefined ? { balance } : {}),
    ...(plain.length > 1 && failover !== undefined ? { failover } : {}),
  };
}

function readServer(server: Directive, defaultPort: number | undefined, ledger: Ledger): Server | undefined {
  const [address = '', ...parameters] = server.args;
  if (parameters.includes('down')) {
    ledger.remark('own', server, 'it is down, so it is left out');
    return undefined;
  }
  const to = readAddress(address, defaultPort);
  if (typeof to === 'object') {
    ledger.remark('lost', server, to.why);
    return undefined;
  }
  ledger.take(server);
  tellName(to, server, ledger);
  const value = (name: string) => parameters.find((p) => p.startsWith(`${name}=`))?.slice(name.length + 1);
  const unknown = parameters.filter((p) => !/^(backup|resolve|(weight|max_fails|fail_timeout)=.*)$/.test(p));
  if (unknown.length > 0) ledger.remark('lost', server, `${unknown.join(', ')}: targets have no such parameter`);
  const weight = Number(value('weight') ?? 1);
  const maxFails = value('max_fails');
  const failTimeout = seconds(value('fail_timeout'));
  if (maxFails === '0')
    ledger.remark('differs', server, 'max_fails=0: targets that fail are always left out for a while');
  return {
    to,
    ...(weight > 1 ? { weight: Math.min(weight, 1000) } : {}),
    ...(parameters.includes('backup') ? { backup: true } : {}),
    ...(Number(maxFails) > 0 ? { maxFails: within(Number(maxFails), 1, 100) } : {}),
    ...(failTimeout === undefined ? {} : { failTimeout: within(failTimeout, 1, 3600) }),
  };
}

/** A name stands for its addresses at any time, and must be the only target. */
function withoutNames(servers: readonly Server[], body: readonly Directive[], ledger: Ledger): readonly Server[] {
  const addresses = servers.filter(({ to }) => !isName(to));
  const kept = addresses.length > 0 ? addresses : servers.slice(0, 1);
  for (const one of body.filter(({ name, args: [address = ''] }) => {
    const to = name === 'server' ? readAddress(address, 80) : { why: '' };
    return typeof to !== 'object' && isName(to) && !kept.some((k) => k.to === to);
  }))
    ledger.remark('lost', one, 'a name must be the only target: give each of several targets by its address');
  return kept;
}

function readBalance(body: readonly Directive[], ledger: Ledger): string | undefined {
  let balance: string | undefined;
  for (const one of body) {
    if (one.name === 'least_conn') balance = 'least-connections';
    else if (one.name === 'ip_hash') balance = 'source';
    else if (one.name === 'hash' && /^\$(binary_)?remote_addr$/.test(one.args[0] ?? '')) balance = 'source';
    else if (one.name === 'sticky' && one.args[0] === 'cookie') {
      balance = 'cookie';
      ledger.remark('differs', one, 'the cookie is called portway_target');
      continue;
    } else if (one.name === 'random' || one.name === 'hash' || one.name === 'sticky') {
      ledger.remark('lost', one, "balance is 'round-robin', 'least-connections', 'source' or 'cookie'");
      continue;
    } else continue;
    ledger.take(one);
  }
  return balance;
}

function readFailover(
  servers: readonly Server[],
  body: readonly Directive[],
  ledger: Ledger,
): Readonly<Record<string, number>> | undefined {
  const failover: Record<string, number> = {};
  for (const name of ['maxFails', 'failTimeout'] as const) {
    const values = servers.map((one) => one[name]);
    const [first] = values;
    const stated = values.find((value) => value !== undefined);
    if (stated === undefined) continue;
    failover[name] = first ?? stated;
    if (values.some((value) => value !== first)) {
      const differing = body.find(({ text }) => text.includes(name === 'maxFails' ? 'max_fails' : 'fail_timeout'));
      if (differing !== undefined) ledger.remark('differs', differing, `failover.${name} is the same for all targets`);
    }
  }
  return Object.keys(failover).length === 0 ? undefined : failover;
}

/** A target from nginx's address, or why it cannot be one. */
export function readAddress(
  address: string,
  defaultPort: number | undefined,
): number | string | { readonly why: string } {
  if (address.startsWith('unix:'))
    return { why: 'a target is a port or host:port: let the application listen on a port' };
  if (address.includes('$')) return { why: 'the target depends on a variable' };
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d+|\$server_port))?$/.exec(address);
  const [, host = '', port = defaultPort] = match ?? [];
  if (match === null || host === '' || port === undefined || Number(port) < 1 || Number(port) > 65_535)
    return { why: 'is not host:port' };
  if (/^(127\.[\d.]+|localhost|\[::1?\]|0\.0\.0\.0)$/i.test(host)) return Number(port);
  if (!host.startsWith('[') && !/^(?!-)[a-z0-9-]{1,63}(\.(?!-)[a-z0-9-]{1,63})*\.?$/i.test(host))
    return { why: `${host} is no host name: letters, digits and - between the dots` };
  return `${host.toLowerCase()}:${port}`;
}

function isName(to: number | string): boolean {
  return typeof to === 'string' && !to.startsWith('[') && /[a-z]/.test(to);
}

function isIpv6(to: number | string): boolean {
  return typeof to === 'string' && to.startsWith('[');
}

/** A container's name, or one of /etc/hosts. */
function tellName(to: number | string, said: Directive, ledger: Ledger): void {
  if (isName(to) && !String(to).split(':')[0]?.includes('.'))
    ledger.remark(
      'differs',
      said,
      "the name has no dot: Amazon's resolver does not know it, so give an address or a full name",
    );
}
