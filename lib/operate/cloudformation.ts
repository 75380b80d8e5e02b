import { type CloudFormationClient, DescribeStacksCommand, GetTemplateCommand } from '@aws-sdk/client-cloudformation';
import { parseTemplate } from '../plan/change/parse-template';
import type { Template } from '../plan/change/template';

/** A stack as CloudFormation has it. */
export interface DeployedStack {
  readonly template: Template;
  /** CloudFormation's word, such as `UPDATE_COMPLETE`. */
  readonly status: string;
  readonly outputs: Readonly<Record<string, string>>;
  /** The stack's own tags, which CloudFormation puts on its resources too. */
  readonly tags: Readonly<Record<string, string>>;
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
