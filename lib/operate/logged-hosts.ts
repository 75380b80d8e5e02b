import { readFile } from 'node:fs/promises';
import { gatewaysOfOneStack, type SynthesizedGateway, stacksOf } from '../plan/assembly';
import { groupOf } from '../plan/change/fleet-template';
import { gatewayId, parseTemplate } from '../plan/change/template';
import type { Plan } from '../plan/plan';

/** Where the hosts of a gateway or a fleet are found. */
export interface LoggedHosts {
  /** The stack's name in CloudFormation. */
  readonly stackName: string;
  /** Undefined: the region of the AWS settings. */
  readonly region: string | undefined;
  /** The logical id that its instances are tagged with: that of the instance, or of a fleet's group. */
  readonly instanceId: string;
  /** How many hosts to show, the newest first: those that may run, and as many as a rolled-back change has ended. */
  readonly most: number;
}

/**
 * The hosts of a stack, by its gateways.
 * @param wanted a stack's name, or a gateway's path. Default: the only stack with gateways
 * @throws Error when there is no such stack, or it has no gateway
 */
export function hostsOfStack(assembly: string, wanted: string | undefined): Promise<readonly LoggedHosts[]> {
  return Promise.all(gatewaysOfOneStack(stacksOf(assembly), wanted).map(hostsOf));
}

async function hostsOf({ planFile, stack }: SynthesizedGateway): Promise<LoggedHosts> {
  const { stackName, region, templateFile } = stack;
  const template = parseTemplate(await readFile(templateFile, 'utf8'), templateFile);
  const { association, fleet } = JSON.parse(await readFile(planFile, 'utf8')) as Plan;
  const instanceId = fleet === undefined ? gatewayId(template.Resources, association) : groupOf(template);
  if (instanceId === undefined)
    throw new Error(`${association} of the template must lead to the hosts of ${stackName}`);
  return { stackName, region, instanceId, most: fleet === undefined ? 2 : fleet.max + 1 };
}
