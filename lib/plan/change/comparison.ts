import type { Change } from './change';
import { type ContentEffects, changesOfContent } from './content-changes';
import { asGateway, isFleet } from './fleet-template';
import { type HostContentFound, readHostFiles } from './host-files';
import { PLACES } from './known-properties';
import { changesOfResources } from './resource-changes';
import { compareResources, type Effect, hardest, isLive, pointerOf, type ResourceChanges } from './resources';
import { ofType, type Resources, type Template } from './template';

/** What a deploy does to a stack that is deployed already, as typed data. It survives JSON. */
export interface Comparison {
  readonly changes: readonly Change[];
  /** What becomes of the host, all changes together. */
  readonly host: Effect;
  /** What becomes of the fixed address. */
  readonly address: 'stays' | 'changes';
  /** True: at least one change is of a kind that Portway does not know, see `cdk diff`. */
  readonly incomplete: boolean;
  /** The hosts are a fleet's: `replace` means one in each zone at a time. Omitted: there is one host. */
  readonly fleet?: true;
}

/**
 * Compares two templates of a stack. Pure. What a change does to the host follows from CloudFormation's rules for the resources; what
 * the rows say is only their explanation.
 *
 * @param association the logical id of the gateway's association. Default: the first of each template
 * @throws Error if one of them has no gateway
 */
export function compareTemplates(before: Template, after: Template, association?: string): Comparison {
  const comparison = compareGateways(asGateway(before), asGateway(after), association);
  return isFleet(after) ? ofFleet(comparison) : comparison;
}

/** A fleet's hosts neither restart nor keep their disk: whatever they cannot take while they run replaces them. */
function ofFleet({ changes, host, ...rest }: Comparison): Comparison {
  const why = 'a host is as its launch template was when it started';
  const replaced = (effect: Effect): Effect => (effect === 'restart' ? 'replace' : effect);
  return {
    ...rest,
    changes: changes.map((change) => ({
      ...change,
      ...(change.what === PLACES.gateway ? { what: PLACES.fleet } : {}),
      ...(replaced(change.host) === 'replace' ? { host: 'replace', why } : {}),
    })),
    host: replaced(host),
    fleet: true,
  };
}

function compareGateways(before: Template, after: Template, association?: string): Comparison {
  const resources = compareResources(before, after, association);
  const { gateway } = resources;
  for (const [id, which] of [
    [gateway.before, 'the deployed stack'],
    [gateway.after, 'the app'],
  ] as const)
    if (id === undefined)
      throw new Error(`${which} must have a gateway, but no instance in its template has an address`);
  const rows = [...contentRows(resources), ...changesOfResources(resources)];
  const changes = [...rows, ...unexplained(rows, resources.host)];
  const known = changes.map((one) => one.host).filter((effect) => effect !== 'unknown');
  const host = hardest([resources.host, ...known]);
  return {
    ...{ changes, host, address: resources.address },
    incomplete: changes.some((one) => one.host === 'unknown'),
  };
}

function contentRows(resources: ResourceChanges): readonly Change[] {
  const effects = contentEffects(resources);
  const { before, after, gateway } = resources;
  const modes = [modeOf(resources, 'before'), modeOf(resources, 'after')] as const;
  const rows: Change[] =
    modes[0] === modes[1] ? [] : [{ what: 'onChange', how: [`${modes[0]} -> ${modes[1]}`], host: resources.host }];
  const [old, now] = [readHostFiles(before, gateway.before), readHostFiles(after, gateway.after)];
  for (const [what, was, is] of [
    ['signalTimeout', timeoutOf(before), timeoutOf(after)],
    ['attempt', attemptOf(before, old), attemptOf(after, now)],
  ] as const) {
    if (was !== is)
      rows.push({
        ...{ what, how: [`${was} -> ${is}`], host: effects.carrier },
        why: 'a new report needs a new address in user-data, which EC2 changes on a stopped instance only',
      });
  }
  // The carriers of two modes have nothing in common.
  const carrier = modes[0] === modes[1] ? old?.carrier : now?.carrier;
  if (old !== undefined && now !== undefined && carrier !== undefined)
    return [...rows, ...changesOfContent({ ...old, carrier }, now, effects)];
  return resources.host === 'nothing'
    ? rows
    : [
        ...rows,
        { what: "the host's files", how: ['cannot be read: another version of Portway'], host: resources.host },
      ];
}

/** A change without a row would make the sum look wrong. */
function unexplained(rows: readonly Change[], host: Effect): readonly Change[] {
  if (host === 'nothing' || rows.some((row) => row.host === host)) return [];
  return [{ what: 'the instance', how: ['changes in a way that no other line explains: see cdk diff'], host }];
}

type Mode = 'live' | 'restart' | 'replace';

function modeOf(resources: ResourceChanges, side: 'before' | 'after'): Mode {
  const id = resources.gateway[side] ?? '';
  if (isLive(resources[side])) return 'live';
  // The CDK adds a hash of user-data to the id of an instance that is replaced with it.
  return /[0-9A-F]{8}[0-9a-f]{16}$/.test(id) ? 'replace' : 'restart';
}

function contentEffects(resources: ResourceChanges): ContentEffects {
  const [was, is] = [modeOf(resources, 'before'), modeOf(resources, 'after')];
  if (was !== is) return { content: resources.host, carrier: resources.host };
  // The CDK gives the instance another id with each change of its user-data.
  const { before, after } = resources.gateway;
  const carrier = is === 'replace' && before !== after ? 'replace' : 'restart';
  return { content: is === 'live' ? 'live' : carrier, carrier };
}

/** Seconds that a boot may take. */
function timeoutOf(resources: Resources): string {
  const conditions = ofType(resources, 'AWS::CloudFormation::WaitCondition');
  const [timeout] = conditions.flatMap(([, { Properties }]) => Properties?.Timeout ?? []);
  return `${timeout} s`;
}

function attemptOf(resources: Resources, found: HostContentFound | undefined): string {
  const settings = found?.files.get('/etc/portway/portway.env') ?? '';
  const [, inSettings] = /^PORTWAY_ATTEMPT='(\d+)'$/m.exec(settings) ?? [];
  const [, inPointer] = /^\{.*"attempt":(\d+)/.exec(pointerOf(resources) ?? '') ?? [];
  return inSettings ?? inPointer ?? '0';
}
