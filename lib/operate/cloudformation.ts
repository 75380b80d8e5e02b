import { CloudFormationClient, DescribeStacksCommand, GetTemplateCommand } from '@aws-sdk/client-cloudformation';
import { parseTemplate, type Template } from '../plan/change/template';
import { requireRegion } from './region';

/** A stack as CloudFormation has it. */
export interface DeployedStack {
  readonly template: Template;
  /** CloudFormation's word, such as `UPDATE_COMPLETE`. */
  readonly status: string;
  readonly outputs: Readonly<Record<string, string>>;
  /** The stack's own tags, which CloudFormation puts on its resources too. */
  readonly tags: Readonly<Record<string, string>>;
}

/** A client with the AWS settings of the environment. @throws Error if there is no region */
export async function cloudFormation(region: string | undefined): Promise<CloudFormationClient> {
  // Silence the SDK's Node-version warning.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const client = new CloudFormationClient(region === undefined ? {} : { region });
  await requireRegion(client);
  return client;
}

/** Reads a stack. Changes nothing. @returns undefined if it is not deployed */
export async function readStack(client: CloudFormationClient, stackName: string): Promise<DeployedStack | undefined> {
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stackName })).catch((error) => {
    if ((error as Error).message.includes('does not exist')) return { Stacks: [] };
    throw error;
  });
  const [stack] = Stacks;
  // A stack in review has no template yet.
  if (stack === undefined || stack.StackStatus === 'REVIEW_IN_PROGRESS') return undefined;
  const { TemplateBody = '' } = await client.send(
    new GetTemplateCommand({ StackName: stackName, TemplateStage: 'Original' }),
  );
  const { Outputs = [], Tags = [] } = stack;
  return {
    template: parseTemplate(TemplateBody, `the deployed stack ${stackName}`),
    status: `${stack.StackStatus}`,
    outputs: Object.fromEntries(Outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue])),
    tags: Object.fromEntries(Tags.map(({ Key = '', Value = '' }) => [Key, Value])),
  };
}
