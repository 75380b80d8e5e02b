import { GetParametersCommand } from '@aws-sdk/client-ssm';
import { type Finding, trouble, well } from './finding';
import type { Preflight } from './stack';

/** Whether the account is bootstrapped as far as the app's synthesizer needs it. */
export async function bootstrapped({ ssm, bootstrap }: Preflight): Promise<readonly Finding[]> {
  if (bootstrap === undefined) return [well('the app needs no bootstrapped account')];
  const { parameter, version } = bootstrap;
  const { Parameters: [found] = [] } = await ssm.send(new GetParametersCommand({ Names: [parameter] }));
  const how = 'run cdk bootstrap, or deploy with -c bootstrapless=true';
  if (found === undefined) return [trouble(`this account and region must be bootstrapped, and are not: ${how}`)];
  return Number(found.Value) >= version
    ? [well(`the account is bootstrapped, version ${found.Value}`)]
    : [trouble(`the bootstrap must have version ${version}, got: ${found.Value}: run cdk bootstrap again`)];
}
