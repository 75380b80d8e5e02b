import { type CloudFormationClient, DescribeStackEventsCommand, type StackEvent } from '@aws-sdk/client-cloudformation';

/** The last operation of a stack: a deploy, with its rollback if there was one. */
export interface LastOperation {
  /** CloudFormation's word for the stack at the end, such as `UPDATE_ROLLBACK_COMPLETE`. */
  readonly status: string;
  /** The first words of each failure, the oldest first. Those that only follow from another are left out. */
  readonly failures: readonly string[];
}

/** Reads the events of a stack's last operation. @returns undefined if the stack has none */
export async function lastOperation(
  client: CloudFormationClient,
  stackName: string,
): Promise<LastOperation | undefined> {
  const events: StackEvent[] = [];
  let next: string | undefined;
  do {
    const page = await client.send(
      new DescribeStackEventsCommand({ StackName: stackName, ...(next === undefined ? {} : { NextToken: next }) }),
    );
    for (const event of page.StackEvents ?? []) {
      events.push(event);
      if (isBeginning(event)) return operationOf(events);
    }
    next = page.NextToken;
  } while (next !== undefined);
  return events.length === 0 ? undefined : operationOf(events);
}

function isOfStack({ PhysicalResourceId, StackId }: StackEvent): boolean {
  return PhysicalResourceId === StackId;
}

/** A rollback belongs to the operation that it undoes. */
function isBeginning(event: StackEvent): boolean {
  return isOfStack(event) && /^(CREATE|UPDATE|DELETE|IMPORT)_IN_PROGRESS$/.test(`${event.ResourceStatus}`);
}

/** @param events the newest first */
function operationOf(events: readonly StackEvent[]): LastOperation {
  const failures = events.filter(
    (event) =>
      !isOfStack(event) &&
      /_FAILED$/.test(`${event.ResourceStatus}`) &&
      !/^Resource (creation|update) cancelled/i.test(event.ResourceStatusReason ?? ''),
  );
  return {
    status: `${events.find(isOfStack)?.ResourceStatus ?? 'unknown'}`,
    failures: failures
      .toReversed()
      .map(
        (one) => `${one.ResourceStatus} ${one.LogicalResourceId} (${one.ResourceType}): ${one.ResourceStatusReason}`,
      ),
  };
}
