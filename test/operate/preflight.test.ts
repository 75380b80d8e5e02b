import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { admin } from '../../lib/operate/preflight/admin';
import { quotas } from '../../lib/operate/preflight/quotas';
import type { Preflight } from '../../lib/operate/preflight/stack';

describe('the address that this machine has for the internet', () => {
  let server: Server;
  let answer = '';
  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  beforeAll(async () => {
    server = createServer((_, response) => response.end(answer));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => server.close());

  const rule = (peer: string) => ({ protocol: 'tcp', ports: { from: 22, to: 22 }, peer, for: ['admin'] });
  const preflight = (...peers: string[]) => ({ plan: { inbound: peers.map(rule) } }) as unknown as Preflight;
  const says = async (text: string, ...peers: string[]) => {
    answer = text;
    return admin(preflight(...peers), url());
  };

  test('is compared with adminCidr', async () => {
    expect(await says('203.0.113.7\n', '203.0.113.0/24')).toEqual([
      { level: 'well', text: 'this machine, 203.0.113.7, may log in' },
    ]);
    expect(await says('198.51.100.1\n', '203.0.113.0/24', '2001:db8::/32')).toEqual([
      {
        level: 'warning',
        text: 'this machine, 198.51.100.1, may not log in: adminCidr is 203.0.113.0/24, 2001:db8::/32',
      },
    ]);
  });

  test('is not needed where adminCidr is known only at deploy time', async () => {
    expect(await says('203.0.113.7', 'known at deploy')).toEqual([]);
  });

  test.each(['<html>log in to this network</html>', ''])('is not known from the answer %j', async (text) => {
    expect(await says(text, '203.0.113.0/24')).toEqual([
      { level: 'warning', text: `${url()} did not answer, so this machine's address is not known` },
    ]);
  });
});

describe("a fleet's targets", () => {
  const says = (listeners: number, max: number) => {
    const fleet = {
      zones: 2,
      max,
      listeners: Array.from({ length: listeners }, (_, i) => ({ port: i + 1, protocol: 'TCP' })),
    };
    const template = { Resources: {} };
    return quotas({ plan: { fleet }, template, deployed: template } as unknown as Preflight);
  };

  test('may be as many as the usual quota of a zone', async () => {
    expect(await says(50, 20)).toEqual([]);
    expect(await says(1, 60)).toEqual([]);
  });

  test('are a warning beyond it', async () => {
    expect(await says(50, 21)).toEqual([
      {
        level: 'warning',
        text: expect.stringMatching(
          /^21 hosts with 50 listeners are up to 550 targets in a zone: hosts beyond your quota /,
        ),
      },
    ]);
  });
});
