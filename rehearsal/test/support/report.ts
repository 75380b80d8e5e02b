import { request } from 'node:http';
import type { Deployed } from '../../src/aws/deployed';
import type { StartedEndpoint } from '../../src/aws/endpoint';

/** Reports in a host's place, to the URL in its user-data. @returns the HTTP status of the answer */
export function report(
  { signalSocket }: Pick<StartedEndpoint, 'signalSocket'>,
  { userData }: Pick<Deployed, 'userData'>,
  status: 'SUCCESS' | 'FAILURE',
): Promise<number | undefined> {
  const url = /^PORTWAY_SIGNAL_URL='([^']+)'$/m.exec(userData.toString())?.[1] ?? 'no URL in the user-data';
  const { host, pathname, search } = new URL(url);
  const body = JSON.stringify({ Status: status, Reason: 'said the test', UniqueId: 'boot', Data: 'report' });
  const headers = { Host: host, 'Content-Length': Buffer.byteLength(body) };
  return new Promise((done, failed) => {
    const sent = request({ socketPath: signalSocket, method: 'PUT', path: pathname + search, headers }, (answer) =>
      answer.resume().on('end', () => done(answer.statusCode)),
    );
    sent.on('error', failed).end(body);
  });
}
