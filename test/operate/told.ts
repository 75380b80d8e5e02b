import type { EC2Client } from '@aws-sdk/client-ec2';

/** A time on a host's clock, so many seconds from now. */
export function clock(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+/, '');
}

/** A line of a host on its console, by its clock so many seconds from now. @param by the program: at the boot it is `cloud-init[260]` */
export function line(seconds: number, text: string, by = 'live.py[700]'): string {
  return `[  50.000000] ${by}: portway ${clock(seconds)} ${text}`;
}

/**
 * Changes an answer of AWS on its way to this client.
 * @param command such as `DescribeInstancesCommand`
 */
export function alterAnswers<T>(
  { middlewareStack }: Pick<EC2Client, 'middlewareStack'>,
  command: string,
  alter: (output: T) => void,
): void {
  middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      if (context.commandName === command) alter(result.output as T);
      return result;
    },
    { step: 'initialize' },
  );
}
