import { CfnResource, LegacyStackSynthesizer, Stack } from 'aws-cdk-lib';
import { CfnParameter } from 'aws-cdk-lib/aws-ssm';
import { textSize } from '../host/content/division';
import { TEMPLATE_LIMIT } from '../host/content/stored-content';
import { readableText } from '../plan/change/template';

/** What a content may take in a template that is sent without a bucket, in bytes. */
export interface TemplateRoom {
  readonly room: number;
  /** How much of the template the content of the stack's other gateways takes, as far as they are made already. */
  readonly others: number;
}

/**
 * Bytes left for the content in a template that is sent without a bucket: AWS's limit, less roughly what else the template holds.
 * A resource takes 390 bytes on average, and `later` is for the loader and what is created later; `least` was measured with a VPC of
 * others. The pointer depends on each of the rules that are resources of their own, and the others are in the group.
 * @param rules of the security group; `apart`: those that are resources of their own, with live changes
 * @param added bytes of alarms and of a dashboard, which come later
 * @returns undefined if the template goes through a bucket
 */
export function templateRoom(
  { synthesizer, node }: Stack,
  rules: { readonly all: number; readonly apart: number },
  added: number,
): TemplateRoom | undefined {
  if (!(synthesizer instanceof LegacyStackSynthesizer)) return undefined;
  const resources = node.findAll().filter((one) => CfnResource.isCfnResource(one));
  const [least, later] = rules.apart > 0 ? [13_500, 7_100] : [12_400, 6_500];
  const inGroup = Math.max(0, rules.all - rules.apart - 8);
  const values = resources.flatMap((one) => (one instanceof CfnParameter ? [Stack.of(one).resolve(one.value)] : []));
  const others = values.reduce((sum, value) => sum + textSize(readableText(value)), 0);
  const rest = Math.max(least, later + 390 * resources.length) + added + 45 * rules.apart + 150 * inGroup;
  return { room: Math.max(0, TEMPLATE_LIMIT - rest - others), others };
}
