import { type Cidr, type Family, isEverything } from './cidr';
import type { CommonForwardProps, Engine, KernelForwardProps } from './forward';
import {
  HEALTH_CHECK,
  HEALTH_CHECK_METHODS,
  type HealthCheckProps,
  type ResolvedHealthCheck,
  TOUCHY,
} from './health-check';
import { LIMITS, type ResolvedLimits } from './limits';
import type { Problems } from './problems';
import { readObject } from './read-object';
import { ANY_FAMILY, readSources } from './read-props';
import type { KernelForward, PortForward } from './resolved';
import type { Host, Target } from './target';
import { readWhole } from './whole';

/** Which clients may use a forward. */
export function readSourceLists(
  at: string,
  props: CommonForwardProps,
  problems: Problems,
): Pick<PortForward, 'allowFrom' | 'denyFrom'> {
  const allowFrom = readSources(`${at}.allowFrom`, props.allowFrom, problems);
  const denyFrom = readSources(`${at}.denyFrom`, props.denyFrom, problems);
  for (const cidr of denyFrom.filter(isEverything)) {
    problems.add(`${at}.denyFrom`, 'must not be everyone: remove the forward instead', cidr.text);
  }
  return { allowFrom, denyFrom };
}

/** What every forward that the kernel carries has. */
export function readKernelListener(
  at: string,
  props: KernelForwardProps,
  addresses: {
    readonly allowFrom: readonly Cidr[];
    readonly denyFrom: readonly Cidr[];
    readonly hosts: readonly Host[];
  },
  problems: Problems,
): Pick<KernelForward, 'interface' | 'families' | 'preserveClientAddress'> {
  const { hosts } = addresses;
  const families = readFamilies(at, props.family, problems);
  if (families.length === 1) checkFamily(at, families[0] ?? 4, addresses, problems);
  checkInterface(at, props.interface, problems);
  const { preserveClientAddress = false } = props;
  if (typeof preserveClientAddress !== 'boolean')
    problems.add(`${at}.preserveClientAddress`, 'must be true or false', preserveClientAddress);
  if (preserveClientAddress === true && hosts.length > 0 && hosts.every((h) => h.kind === 'local'))
    problems.add(
      `${at}.preserveClientAddress`,
      "must be left out: what runs on the gateway itself sees the client's address anyway",
      true,
    );
  return {
    ...(props.interface === undefined ? {} : { interface: props.interface }),
    families,
    preserveClientAddress: preserveClientAddress === true,
  };
}

function readFamilies(at: string, family: unknown, problems: Problems): readonly Family[] {
  if (family === undefined) return ANY_FAMILY;
  if (family !== 'ipv4' && family !== 'ipv6') problems.add(`${at}.family`, "must be 'ipv4' or 'ipv6'", family);
  return [family === 'ipv6' ? 6 : 4];
}

/** Addresses of the other family would never meet a packet. */
function checkFamily(
  at: string,
  family: Family,
  { allowFrom, denyFrom, hosts }: { allowFrom: readonly Cidr[]; denyFrom: readonly Cidr[]; hosts: readonly Host[] },
  problems: Problems,
): void {
  const other = family === 4 ? 'ipv6' : 'ipv4';
  for (const [prop, cidrs] of Object.entries({ allowFrom, denyFrom })) {
    const wrong = cidrs.find((c) => c.family !== family);
    if (wrong !== undefined)
      problems.add(`${at}.${prop}`, `must be of IPv${family}, as the forward's family says`, wrong.text);
  }
  const wrong = hosts.find((h) => h.kind === other);
  if (wrong !== undefined)
    problems.add(`${at}.to`, `must be of IPv${family}, as the forward's family says`, wrong.host);
}

/** What Linux takes for a name; a plus at the end stands for anything. @see iptables(8), --in-interface */
function checkInterface(at: string, value: unknown, problems: Problems): void {
  if (value === undefined) return;
  if (typeof value !== 'string' || !/^[a-z0-9_.-]{1,15}\+?$/i.test(value) || value.length > 15)
    problems.add(
      `${at}.interface`,
      'must be the name of a network interface such as wg0, or of several such as wg+, at most 15 characters',
      value,
    );
}

export function readHealthCheck(
  at: string,
  value: unknown,
  forward: Pick<PortForward, 'transport' | 'targets'>,
  problems: Problems,
): ResolvedHealthCheck | undefined {
  if (value === undefined || value === false) return undefined;
  const where = `${at}.healthCheck`;
  if (typeof value === 'object' ? value === null : value !== true) {
    problems.add(where, 'must be true, false or an object such as { interval: 10 }', value);
    return undefined;
  }
  const props =
    value === true ? {} : readObject(where, value, { parts: HEALTH_CHECK, example: '{ interval: 10 }' }, problems);
  if (props === undefined) return undefined;
  if (forward.targets.length < 2)
    problems.add(where, 'must be left out with fewer than two targets', forward.targets.length);
  const { by = forward.transport === 'tcp' ? 'tcp' : 'ping' } = props;
  if (props.by === undefined && by === 'tcp') checkTouchy(where, props.port, forward.targets, problems);
  const method = HEALTH_CHECK_METHODS.find((known) => known === by);
  if (method === undefined) problems.add(`${where}.by`, `must be one of ${HEALTH_CHECK_METHODS.join(', ')}`, by);
  if (by === 'ping' && props.port !== undefined)
    problems.add(`${where}.port`, 'must be left out where a ping asks: it knows no ports', props.port);
  if (by === 'ping' && forward.targets.some((t) => t.kind === 'local'))
    problems.add(
      `${where}.by`,
      "must be 'tcp' where a target is the gateway itself, which always answers its own pings; name a TCP port of the application",
      by,
    );
  const number = (name: Exclude<keyof HealthCheckProps, 'by'>, standard: number, from: number, to: number) =>
    readWhole(`${where}.${name}`, props[name] === undefined ? standard : props[name], { from, to }, problems) ??
    standard;
  const port = props.port === undefined ? undefined : number('port', 1, 1, 65_535);
  return {
    by: method ?? 'tcp',
    ...(port === undefined ? {} : { port }),
    interval: number('interval', 5, 1, 300),
    failures: number('failures', 2, 1, 20),
  };
}

/** A connection that says nothing is an offence to some servers: whoever has them asked so must want it. */
function checkTouchy(at: string, port: unknown, targets: readonly Target[], problems: Problems): void {
  const asked = new Set(port === undefined ? targets.map((t) => t.ports.from) : [port]);
  const found = Object.keys(TOUCHY).find((touchy) => asked.has(Number(touchy)));
  if (found === undefined) return;
  const { offence, by } = TOUCHY[Number(found)] as (typeof TOUCHY)[number];
  problems.add(
    `${at}.by`,
    `must be written for port ${found}: ${offence}. Write { by: '${by}' }, or { by: 'tcp' } where the server is told to bear it`,
    undefined,
  );
}

/** Ten thousand is as much as the kernel's table of clients keeps apart. */
const MAX_RATE = 10_000;

export function readLimits(at: string, value: unknown, engine: Engine, problems: Problems): ResolvedLimits | undefined {
  if (value === undefined) return undefined;
  const where = `${at}.limits`;
  const example = `{ ${engine === 'nginx' ? 'openConnections' : 'newConnectionsPerSecond'}: 20 }`;
  const props = readObject(where, value, { parts: LIMITS, example }, problems);
  if (props === undefined) return undefined;
  if (engine === 'nginx') {
    for (const prop of ['newConnectionsPerSecond', 'burst'] as const) {
      if (props[prop] !== undefined)
        problems.add(
          `${where}.${prop}`,
          "must be left out on nginx, which counts open connections alone: write engine: 'iptables' for it",
          props[prop],
        );
    }
    if (props.openConnections === undefined) problems.add(where, 'must say openConnections', value);
  } else if (props.newConnectionsPerSecond === undefined && props.openConnections === undefined)
    problems.add(where, 'must say newConnectionsPerSecond or openConnections', value);
  if (engine !== 'nginx' && props.newConnectionsPerSecond === undefined && props.burst !== undefined)
    problems.add(`${where}.burst`, 'must go with newConnectionsPerSecond', props.burst);
  const number = (name: keyof typeof props, to: number) =>
    props[name] === undefined ? undefined : readWhole(`${where}.${name}`, props[name], { from: 1, to }, problems);
  const perSecond = number('newConnectionsPerSecond', MAX_RATE);
  const burst = number('burst', MAX_RATE);
  const openConnections = number('openConnections', 65_535);
  return {
    ...(perSecond === undefined
      ? {}
      : { rate: { perSecond, burst: burst ?? Math.min(Math.max(5, perSecond * 5), MAX_RATE) } }),
    ...(openConnections === undefined ? {} : { openConnections }),
  };
}
