import { readFile } from 'node:fs/promises';
import { gatewaysOfOneStack, type SynthesizedGateway, stacksOf } from '../plan/assembly';
import { groupOf } from '../plan/change/fleet-template';
import { parseTemplate } from '../plan/change/parse-template';
import { gatewayId } from '../plan/change/template';
import type { Plan, PlannedLogin } from '../plan/plan';

/** Where the hosts of a gateway or a fleet are found, and how people log in to them. */
export interface StackHosts {
  /** The stack's name for a PortwayStack or a fleet, such as `Team/Gateway` for a PortGateway. */
  readonly path: string;
  /** The stack's name in CloudFormation. */
  readonly stackName: string;
  /** Undefined: the region of the AWS settings. */
  readonly region: string | undefined;
  /** The logical id that its instances are tagged with: that of the instance, or of a fleet's group. */
  readonly instanceId: string;
  /** The most hosts of a fleet. Undefined: it is a single gateway, whose newest host is the one that counts. */
  readonly max: number | undefined;
  readonly login: PlannedLogin;
}

/**
 * The hosts of a stack, by its gateways.
 * @param wanted a stack's name, or a gateway's path. Default: the only stack with gateways
 * @throws Error when there is no such stack, or it has no gateway
 */
export function hostsOfStack(assembly: string, wanted: string | undefined): Promise<readonly StackHosts[]> {
  return Promise.all(gatewaysOfOneStack(stacksOf(assembly), wanted).map(hostsOf));
}

/** The same, for a command that goes to one gateway or fleet. @throws Error if the stack has several */
export async function hostsOfOne(assembly: string, wanted: string | undefined): Promise<StackHosts> {
  const [one, ...more] = await hostsOfStack(assembly, wanted);
  if (one !== undefined && more.length === 0) return one;
  throw new Error(
    `a gateway must be named by its path: ${[one, ...more].map((gateway) => gateway?.path).join(' or ')}`,
  );
}

async function hostsOf({ path, planFile, stack }: SynthesizedGateway): Promise<StackHosts> {
  const { stackName, region, templateFile } = stack;
  const template = parseTemplate(await readFile(templateFile, 'utf8'), templateFile);
  const { association, fleet, gateway } = JSON.parse(await readFile(planFile, 'utf8')) as Plan;
  const instanceId = fleet === undefined ? gatewayId(template.Resources, association) : groupOf(template);
  if (instanceId === undefined)
    throw new Error(`${association} of the template must lead to the hosts of ${stackName}`);
  return { path, stackName, region, instanceId, max: fleet?.max, login: gateway.login };
}
