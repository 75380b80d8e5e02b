import { readFile } from 'node:fs/promises';
import type { EC2Client } from '@aws-sdk/client-ec2';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { SynthesizedGateway } from '../../plan/assembly';
import { asGateway } from '../../plan/change/fleet-template';
import { parseTemplate } from '../../plan/change/parse-template';
import { gatewayId, type Resource, type Template } from '../../plan/change/template';
import type { Plan } from '../../plan/plan';

/** A gateway before its deploy, and the AWS account that it goes to. */
export interface Preflight {
  readonly ec2: EC2Client;
  readonly ssm: SSMClient;
  /** The template that is there now. Undefined: the stack is not deployed yet. */
  readonly deployed: Template | undefined;
  readonly template: Template;
  /** The host; of a fleet as its launch template makes each, with all types and subnets that it may have. */
  readonly instance: Resource;
  readonly plan: Plan;
  /** What the app's synthesizer needs of a bootstrapped account. Undefined: nothing. */
  readonly bootstrap: { readonly parameter: string; readonly version: number } | undefined;
}

export async function readPreflight(
  { planFile, stack }: SynthesizedGateway,
  account: Pick<Preflight, 'ec2' | 'ssm' | 'deployed'>,
): Promise<Preflight> {
  const template = parseTemplate(await readFile(stack.templateFile, 'utf8'), stack.templateFile);
  const plan = JSON.parse(await readFile(planFile, 'utf8')) as Plan;
  const { Resources } = asGateway(template);
  const instance = Resources[gatewayId(Resources, plan.association) ?? ''];
  if (instance === undefined) throw new Error(`${stack.templateFile} must have an instance with ${plan.association}`);
  return { ...account, template, instance, plan, bootstrap: stack.bootstrap };
}
