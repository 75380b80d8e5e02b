import { GetParametersCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { lineDifferences } from './line-differences';
import type { Promised } from './promised';

/** Parameter Store reads so many at once. */
const AT_ONCE = 10;

/** Reads the parameters with the host's files: values by name, without those that are gone. Changes nothing. */
export async function readParameters(
  { parameters }: Pick<Promised, 'parameters'>,
  client: SSMClient,
): Promise<ReadonlyMap<string, string>> {
  const names = [...parameters.keys()];
  const groups = Array.from({ length: Math.ceil(names.length / AT_ONCE) }, (_, i) =>
    names.slice(i * AT_ONCE, (i + 1) * AT_ONCE),
  );
  const found = new Map<string, string>();
  for (const Names of groups) {
    const { Parameters = [] } = await client.send(new GetParametersCommand({ Names }));
    for (const { Name = '', Value = '' } of Parameters) found.set(Name, Value);
  }
  return found;
}

/** Compares the parameters with the template. The host refuses one that was edited, and does not start without one that is gone. */
export function parameterDifferences(
  promised: Promised['parameters'],
  found: ReadonlyMap<string, string>,
): readonly string[] {
  return [...promised].flatMap(([name, lines]) => {
    const value = found.get(name);
    if (value === undefined) return [`the parameter ${name} must be there, and is gone: the host needs it to start`];
    const head = `the parameter ${name} is not what the app says now (-), but (+): deploy, or look who changed it`;
    // Of packed programs there is nothing to read.
    return lineDifferences(head, lines, value.split('\n')).map((text) =>
      /\/programs\.\d+$/.test(name) ? head.replace(' (-), but (+)', '') : text,
    );
  });
}
