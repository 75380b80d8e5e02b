import { CfnResource, LegacyStackSynthesizer, type Stack } from 'aws-cdk-lib';
import { CfnAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { TEMPLATE_LIMIT } from '../host/content/stored-content';

/**
 * Bytes left for the content in a template that is sent without a bucket: AWS's limit, less roughly what else the template holds.
 * A resource takes 390 bytes on average, an alarm 840, and `later` is for the loader and what is created later; `least` was measured with a VPC of
 * others. The pointer depends on each of the rules that are resources of their own, and the others are in the group.
 * @param rules of the security group; `apart`: those that are resources of their own, with live changes
 * @returns undefined if the template goes through a bucket
 */
export function templateRoom(
  { synthesizer, node }: Stack,
  rules: { readonly all: number; readonly apart: number },
): number | undefined {
  if (!(synthesizer instanceof LegacyStackSynthesizer)) return undefined;
  const resources = node.findAll().filter((one) => CfnResource.isCfnResource(one));
  const alarms = resources.filter((one) => one instanceof CfnAlarm).length;
  const [least, later] = rules.apart > 0 ? [13_500, 7_100] : [12_400, 6_500];
  const inGroup = Math.max(0, rules.all - rules.apart - 8);
  return (
    TEMPLATE_LIMIT - Math.max(least, later + 390 * resources.length + 450 * alarms) - 45 * rules.apart - 150 * inGroup
  );
}
