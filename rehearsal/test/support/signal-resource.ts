import { request } from 'node:http';
import type { StartedEndpoint } from '../../src/aws/endpoint';
import { REGION } from '../../src/aws/settings';

export interface ResourceSignal {
  /** Name or ARN. */
  readonly stack: string;
  /** The resource's logical id. */
  readonly resource: string;
  readonly uniqueId: string;
  readonly status: 'SUCCESS' | 'FAILURE';
}

/** Calls SignalResource as a host does: by the query protocol, through the socket that hosts reach. */
export function signalResource(
  { apiSocket }: Pick<StartedEndpoint, 'apiSocket'>,
  { stack, resource, uniqueId, status }: ResourceSignal,
): Promise<{ status: number; text: string }> {
  const body = new URLSearchParams({
    ...{ Action: 'SignalResource', Version: '2010-05-15', StackName: stack },
    ...{ LogicalResourceId: resource, UniqueId: uniqueId, Status: status },
  }).toString();
  const headers = {
    Host: `cloudformation.${REGION}.amazonaws.com`,
    'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
  };
  return new Promise((done, failed) => {
    const sent = request({ socketPath: apiSocket, method: 'POST', path: '/', headers }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => {
        text += chunk;
      });
      answer.on('end', () => done({ status: answer.statusCode ?? 0, text }));
    });
    sent.on('error', failed).end(body);
  });
}
