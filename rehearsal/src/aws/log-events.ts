import type { Endpoint } from './endpoint';
import { ask } from './other-inventory';

/** The events of a stream of CloudWatch Logs, the oldest first; none if there is no such stream. */
export async function logEvents(endpoint: Endpoint, group: string, stream: string): Promise<readonly string[]> {
  const target = { 'x-amz-target': 'Logs_20140328.GetLogEvents' };
  const asked = JSON.stringify({ logGroupName: group, logStreamName: stream, startFromHead: true });
  const text = await ask(endpoint, 'logs', 'application/x-amz-json-1.1', asked, target);
  const { events = [] } = JSON.parse(text) as { events?: { message: string }[] };
  return events.map(({ message }) => message);
}
