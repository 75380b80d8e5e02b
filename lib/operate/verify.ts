import { normalizeCidr } from 'cidr-tools';
import { type PromisedRule, ruleText } from '../plan/change/group-rules';
import type { Found, FoundInstance } from './found';
import { type Promised, UNKNOWN } from './promised';
import type { SecurityGroupRules } from './security-group';

/** The most lines of user-data to show from each side. */
const SHOWN = 6;

/**
 * Compares the deployed gateway with its template. Pure.
 * @returns one line per difference; empty if there are none
 */
export function differences(promised: Promised, found: Found): readonly string[] {
  const { stackName } = promised;
  const { address, gateway, others } = found;
  if (address === undefined)
    return [`${stackName} has no Elastic IP: it is not deployed here, or the address was released`];
  const { publicIp = address } = promised.address;
  const left = others.map((id) => `instance ${id} of ${stackName} is there besides the gateway`);
  if (gateway === undefined) return [`the address ${address} leads to no instance of ${stackName}`, ...left];
  return [
    ...left,
    ...(publicIp === address
      ? []
      : [`eip.publicIp must be ${address}, the address of its allocation, got: ${publicIp}`]),
    ...instanceDifferences(promised, gateway),
    ...ruleDifferences('inbound', promised.inbound, rulesOf(gateway.securityGroups, 'ingress')),
    ...ruleDifferences('outbound', promised.outbound, rulesOf(gateway.securityGroups, 'egress')),
    ...userDataDifferences(promised.userData, gateway.userData.split('\n')),
  ];
}

function instanceDifferences(promised: Promised, gateway: FoundInstance): string[] {
  const { instanceId, state } = gateway;
  const differs = (what: string, must: unknown, is: unknown) =>
    must === undefined || must === is ? [] : [`${what} of ${instanceId} must be ${must}, got: ${is}`];
  return [
    ...(state === 'running' ? [] : [`${instanceId} must be running, got: ${state}`]),
    ...differs('instance type', promised.instanceType, gateway.instanceType),
    ...differs('metadata option HttpTokens', promised.httpTokens, gateway.httpTokens),
    ...differs('metadata hop limit', promised.hopLimit, gateway.hopLimit),
    ...differs('check of source and destination', promised.sourceDestCheck, gateway.sourceDestCheck),
    ...differs(
      'content (tag portway:content; `portway plan --against deployed` tells what differs)',
      promised.content,
      gateway.content,
    ),
  ];
}

interface Rule {
  readonly what: string;
  readonly peer: string;
}

/** One rule per network, as in the template: EC2 groups the networks of a port. */
function rulesOf(groups: readonly SecurityGroupRules[], direction: 'ingress' | 'egress'): Rule[] {
  return groups.flatMap((group) =>
    group[direction].flatMap(({ protocol, fromPort, toPort, cidrs4, cidrs6, others }) =>
      [...[...cidrs4, ...cidrs6].map((cidr) => normalizeCidr(cidr)), ...others].map((peer) => ({
        what: ruleText(protocol, fromPort, toPort),
        peer,
      })),
    ),
  );
}

function ruleDifferences(
  direction: 'inbound' | 'outbound',
  promised: readonly PromisedRule[],
  found: readonly Rule[],
): string[] {
  const side = direction === 'inbound' ? 'from' : 'to';
  const rest = [...found];
  const missing: PromisedRule[] = [];
  // Rules of which all is known first: the others match any rule that is left.
  const unknown = ({ peer, anyPortOf }: PromisedRule) => Number(peer === undefined) + Number(anyPortOf !== undefined);
  const known = [...promised].sort((a, b) => unknown(a) - unknown(b));
  for (const rule of known) {
    const at = rest.findIndex(
      ({ what, peer }) =>
        (what === rule.what || (rule.anyPortOf !== undefined && what.startsWith(`${rule.anyPortOf} `))) &&
        (rule.peer === undefined || rule.peer === peer),
    );
    if (at < 0) missing.push(rule);
    else rest.splice(at, 1);
  }
  return [
    ...rest.map(
      ({ what, peer }) =>
        `the security group lets ${what} through ${side} ${peer} (${direction}), which was not promised`,
    ),
    ...missing.map(
      ({ what, peer = 'a network' }) =>
        `the security group must let ${what} through ${side} ${peer} (${direction}), and does not`,
    ),
  ];
}

function userDataDifferences(promised: readonly string[], found: readonly string[]): string[] {
  const matches = (must: string, is: string) =>
    must === is || (must.includes(UNKNOWN) && hasParts(must.split(UNKNOWN), is));
  if (promised.length === found.length && promised.every((line, i) => matches(line, found[i] ?? ''))) return [];
  const gone = readable(promised).filter((must) => !found.some((is) => matches(must, is)));
  const come = readable(found).filter((is) => !promised.some((must) => matches(must, is)));
  return [
    [
      'the user-data is not what the app says now (-), but (+): deploy, or look who changed it',
      ...shown('-', gone),
      ...shown('+', come),
      ...(gone.length + come.length === 0 ? ['  (in its compressed part)'] : []),
    ].join('\n'),
  ];
}

/** Distinct lines, without the compressed part. */
function readable(lines: readonly string[]): readonly string[] {
  const packed = lines.indexOf('#portway-fetch');
  return [...new Set(packed < 0 ? lines : lines.slice(0, packed))];
}

function shown(sign: string, lines: readonly string[]): string[] {
  const first = lines.slice(0, SHOWN).map((line) => `  ${sign} ${line.replaceAll(UNKNOWN, '…').slice(0, 160)}`);
  return lines.length > SHOWN ? [...first, `  ${sign} and ${lines.length - SHOWN} more lines`] : first;
}

/** Whether the line consists of these parts in order, with any text between them. */
function hasParts([first = '', ...rest]: readonly string[], line: string): boolean {
  if (!line.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest.slice(0, -1)) {
    const next = line.indexOf(part, at);
    if (next < 0) return false;
    at = next + part.length;
  }
  const last = rest.at(-1) ?? '';
  return line.length - last.length >= at && line.endsWith(last);
}
