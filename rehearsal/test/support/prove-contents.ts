import { readFileSync } from 'node:fs';
import type { StartedEndpoint } from '../../src/aws/endpoint';
import { signalResource } from './signal-resource';

interface Template {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly CreationPolicy?: unknown }>>;
}

/**
 * Reports in the place of live hosts whether they run the content of a template. The endpoint refuses what nothing waits for, so
 * call it again and again while a deploy runs.
 */
export async function proveContents(
  endpoint: Pick<StartedEndpoint, 'apiSocket'>,
  stack: string,
  templateFile: string,
  status: 'SUCCESS' | 'FAILURE' = 'SUCCESS',
): Promise<void> {
  const { Resources } = JSON.parse(readFileSync(templateFile, 'utf8')) as Template;
  for (const [resource, { Type, CreationPolicy }] of Object.entries(Resources))
    if (Type === 'AWS::CloudFormation::WaitCondition' && CreationPolicy !== undefined)
      await signalResource(endpoint, { stack, resource, status, uniqueId: 'host' });
}
