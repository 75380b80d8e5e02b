import { isDeepStrictEqual } from 'node:util';
import { CONTENT_TAG } from '../../host/content/stored-content';
import type { Change } from './change';
import { groupRulesOf, peerText } from './group-rules';
import { isKnownType, knownProperty, OF_CONTENT, ON_THE_WAY } from './known-properties';
import { compareLines, showLines } from './lines';
import { RESTARTING, replacingNames } from './replacing';
import { type Effect, hardest, type ResourceChanges } from './resources';
import { listOf, namesIn, type Resource, type Resources, reference } from './template';

/** Changes of machine, network and everything else that is not the host's content. One row for each prop. */
export function changesOfResources(changes: ResourceChanges): readonly Change[] {
  const { before, after, added, removed, changed } = changes;
  const rows = [
    ...[...changed].flatMap(([id, names]) => names.flatMap((name) => changedProperty(changes, id, name))),
    ...added.flatMap((id) => comeOrGone(changes, id, after[id] as Resource, 'added')),
    ...removed.flatMap((id) => comeOrGone(changes, id, before[id] as Resource, 'removed')),
    ...renamedGateway(changes),
  ];
  return merged([...groupChanges(changes), ...rows]);
}

/** One property of a resource that stays in the template. */
function changedProperty(changes: ResourceChanges, id: string, name: string): readonly Change[] {
  const { before, after, replaced, gateway } = changes;
  const [was, is] = [before[id] as Resource, after[id] as Resource];
  const { Type } = is;
  const isGateway = id === gateway.after;
  // The content has rows of its own; a group's rules too.
  if (OF_CONTENT.has(Type) || (isGateway && name === 'UserData') || isGroupRules(Type, name)) return [];
  if (isGateway && name === 'Tags' && !tagsDiffer(was, is)) return [];
  // It follows the gateway.
  if (Type === 'AWS::EC2::EIPAssociation' && name === 'InstanceId') return [];
  const known = knownProperty(Type, name);
  const causes = replacingNames(Type, { [name]: true }).includes(name);
  const host = isGateway ? instanceEffect(name) : causes && replaced.has(id) ? throughReplaced(changes, id) : undefined;
  const how = [
    `${id === gateway.after ? '' : `${id} `}${name}: ${shown(was.Properties?.[name])} -> ${shown(is.Properties?.[name])}`,
  ];
  const effect = host ?? (known === undefined ? 'unknown' : 'nothing');
  return [row(known?.prop ?? Type, how, effect, known?.why)];
}

function instanceEffect(name: string): Effect {
  if (RESTARTING.includes(name)) return 'restart';
  return replacingNames('AWS::EC2::Instance', {}).includes(name) ? 'replace' : 'nothing';
}

/** What the replacement of a resource beside the gateway does to it. */
function throughReplaced(changes: ResourceChanges, id: string): Effect | undefined {
  const { after, replaced, gateway, host } = changes;
  const { Type } = after[id] as Resource;
  if (Type === 'AWS::EC2::EIP') return 'replace';
  const isReached = gateway.after !== undefined && leadsTo(after, gateway.after, id, replaced);
  if (isReached) return host;
  return ON_THE_WAY.has(Type) ? (host === 'replace' ? 'replace' : 'unknown') : undefined;
}

/** Whether replacing properties lead from one resource to another. */
function leadsTo(resources: Resources, from: string, to: string, within: ReadonlySet<string>): boolean {
  const seen = new Set([from]);
  // Iterating over a set includes elements added meanwhile.
  for (const id of seen) {
    if (id === to) return true;
    const { Type, Properties = {} } = resources[id] as Resource;
    for (const name of replacingNames(Type, Properties))
      for (const next of namesIn(Properties[name])) if (within.has(next) && next in resources) seen.add(next);
  }
  return false;
}

function comeOrGone(
  { gateway, host }: ResourceChanges,
  id: string,
  resource: Resource,
  kind: 'added' | 'removed',
): readonly Change[] {
  const { Type, Properties = {} } = resource;
  if (
    OF_CONTENT.has(Type) ||
    Type.startsWith('AWS::EC2::SecurityGroup') ||
    id === gateway.before ||
    id === gateway.after
  )
    return [];
  const how = [`${kind}: ${id} (${Type})`];
  if (!isKnownType(Type)) return [row(Type, how, 'unknown')];
  if (Type === 'AWS::EC2::Route' && reference(Properties.InstanceId) !== undefined)
    return [row('egress.subnets', how, 'nothing')];
  const known = knownProperty(Type, '*');
  // A key that is gone or new is another key of the instance, which has its own row.
  const effect = ON_THE_WAY.has(Type) ? (host === 'replace' ? 'replace' : 'unknown') : 'nothing';
  if (Type === 'AWS::EC2::KeyPair') return [];
  // It may be another's, or go while the gateway gets one that is there already.
  return [row(known?.prop ?? Type, how, Type === 'AWS::EC2::EIP' ? 'nothing' : effect, known?.why)];
}

/** A gateway with another logical id: its properties are compared, and what differs beside is the content or `onChange`. */
function renamedGateway({ before, after, gateway }: ResourceChanges): readonly Change[] {
  const [was, is] = [before[gateway.before ?? ''], after[gateway.after ?? '']];
  if (gateway.before === gateway.after || was === undefined || is === undefined) return [];
  const names = new Set([...Object.keys(was.Properties ?? {}), ...Object.keys(is.Properties ?? {})]);
  return [...names].flatMap((name) => {
    const [old, now] = [was.Properties?.[name], is.Properties?.[name]];
    if (isDeepStrictEqual(old, now) || name === 'UserData' || (name === 'Tags' && !tagsDiffer(was, is))) return [];
    const known = knownProperty(is.Type, name);
    const effect = instanceEffect(name);
    // In this mode whatever restarts an instance replaces it.
    return [
      row(
        known?.prop ?? name,
        [`${name}: ${shown(old)} -> ${shown(now)}`],
        effect === 'restart' ? 'replace' : effect,
        known?.why,
      ),
    ];
  });
}

function groupChanges({ before, after, gateway }: ResourceChanges): readonly Change[] {
  const [was, is] = [before[gateway.before ?? ''], after[gateway.after ?? '']];
  if (was === undefined || is === undefined) return [];
  const rules = (resources: Resources, instance: Resource) =>
    (['Ingress', 'Egress'] as const).flatMap((side) =>
      groupRulesOf(resources, instance, side).map(
        (rule) => `${rule.what} ${side === 'Ingress' ? 'from' : 'to'} ${peerText(rule)}`,
      ),
    );
  const { gone, come } = compareLines(rules(before, was), rules(after, is));
  const ofAdmin = (line: string) => line.startsWith('tcp 22 from ');
  const rest = (line: string) => !ofAdmin(line);
  const admin = showLines({ gone: gone.filter(ofAdmin), come: come.filter(ofAdmin) });
  const byGroup = [...gone, ...come].some((line) => ofAdmin(line) && line.endsWith(' a security group'));
  const how = showLines({ gone: gone.filter(rest), come: come.filter(rest) });
  return [
    ...(admin.length === 0 ? [] : [{ what: byGroup ? 'ssh' : 'adminCidr', how: admin, host: 'nothing' as const }]),
    ...(how.length === 0 ? [] : [{ what: 'security group', how, host: 'nothing' as const }]),
  ];
}

function isGroupRules(type: string, name: string): boolean {
  return (
    type === 'AWS::EC2::SecurityGroupIngress' ||
    type === 'AWS::EC2::SecurityGroupEgress' ||
    (type === 'AWS::EC2::SecurityGroup' && name.startsWith('SecurityGroup'))
  );
}

/** Whether tags other than that of the content differ. */
function tagsDiffer(was: Resource, is: Resource): boolean {
  const own = ({ Properties }: Resource) =>
    listOf<{ readonly Key?: unknown }>(Properties?.Tags).filter((tag) => tag?.Key !== CONTENT_TAG);
  return JSON.stringify(own(was)) !== JSON.stringify(own(is));
}

function row(what: string, how: readonly string[], host: Effect, why?: string): Change {
  const isHard = host === 'restart' || host === 'replace';
  return { what, how, host, ...(isHard && why !== undefined ? { why } : {}) };
}

/** Rows of one prop as one. */
function merged(rows: readonly Change[]): readonly Change[] {
  return [...new Set(rows.map(({ what }) => what))].map((what) => {
    const same = rows.filter((one) => one.what === what);
    const why = same.find((one) => one.why !== undefined)?.why;
    return {
      what,
      how: [...new Set(same.flatMap(({ how }) => how))],
      host: hardest(same.map(({ host }) => host)),
      ...(why === undefined ? {} : { why }),
    };
  });
}

function shown(value: unknown): string {
  if (value === undefined) return 'none';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 50 ? `${text.slice(0, 49)}…` : text;
}
