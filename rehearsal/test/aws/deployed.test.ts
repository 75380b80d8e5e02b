import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readDeployed } from '../../src/aws/deployed';
import { useEndpoint } from '../../src/aws/endpoint';

/** An EC2 API with nothing in it. */
let empty: Server;
beforeAll(async () => {
  empty = createServer((_, response) => response.end('<Response/>')).listen(0, '127.0.0.1');
  await once(empty, 'listening');
});
afterAll(() => empty.close());

test('a deploy that fails ends the wait for its instance, and its reason is what is told', async () => {
  const endpoint = useEndpoint(`http://127.0.0.1:${(empty.address() as AddressInfo).port}`, '/nowhere');
  const failure = new AbortController();
  const waiting = readDeployed(endpoint, 'Gateway', { abort: failure.signal });
  setTimeout(() => failure.abort(new Error('cdk deploy failed: NoSuchBucket')), 600);
  await expect(waiting).rejects.toThrow('cdk deploy failed: NoSuchBucket');
});
