import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { ADDRESS, describeHost, type Host } from './support/host';
import { NginxHost, STRANGER } from './support/nginx';

jest.setTimeout(60_000);

const BACKEND = ADDRESS.backend.v4;
const GATEWAY = { v4: ADDRESS.gateway.v4, v6: `[${ADDRESS.gateway.v6}]` } as const;
const LOOPBACK = { v4: '127.0.0.1', v6: '[::1]' } as const;
const NOBODY = `${BACKEND}:9999`;
const APPLICATIONS = [9001, 9002, 9003];
const everywhere = APPLICATIONS.map((port) => `${BACKEND}:${port}`);
const allowFrom = [`${ADDRESS.client.v4}/32`, `${ADDRESS.client.v6}/128`];
const FAMILIES = ['v4', 'v6'] as const;

/** One gateway with a forward for each test below. */
const FORWARDS = {
  secure: Forward.https({ listen: 8443, to: `${BACKEND}:8080`, tls: Tls.selfSigned() }),
  redirect: Forward.http({ listen: 80, redirectTo: 'https' }),
  'redirect-few': Forward.http({ listen: 81, redirectTo: 'https', allowFrom }),
  few: Forward.http({ listen: 82, to: `${BACKEND}:8080`, allowFrom }),
  'few-v4': Forward.http({ listen: 83, to: `${BACKEND}:8080`, allowFrom: ['0.0.0.0/0'] }),
  shared: Forward.http({ listen: 100, to: everywhere }),
  limping: Forward.http({ listen: 101, to: [...everywhere, NOBODY] }),
  dead: Forward.http({ listen: 102, to: NOBODY }),
  'tcp-shared': Forward.tcp({ listen: 103, to: everywhere }),
  'tcp-limping': Forward.tcp({ listen: 104, to: [NOBODY, ...everywhere] }),
  'tcp-few': Forward.tcp({ listen: 105, to: `${BACKEND}:9001`, allowFrom }),
  'udp-shared': Forward.udp({ listen: 103, to: everywhere }),
  'udp-few': Forward.udp({ listen: 105, to: `${BACKEND}:9001`, allowFrom }),
  'tcp-range': Forward.tcp({ listen: '6000-6010', to: `${BACKEND}:6000-6010` }),
  'udp-range': Forward.udp({ listen: '6000-6010', to: `${BACKEND}:6000-6010` }),
  'tcp-range6': Forward.tcp({ listen: '6100-6110', to: `[${ADDRESS.backend.v6}]:6100-6110` }),
  'udp-range6': Forward.udp({ listen: '6100-6110', to: `[${ADDRESS.backend.v6}]:6100-6110` }),
  'tcp-narrow': Forward.tcp({ listen: '6200-6210', to: `${BACKEND}:9001` }),
};

describeHost('traffic through nginx', () => {
  let nginx: NginxHost;
  let host: Host;
  beforeAll(async () => {
    nginx = await NginxHost.start();
    host = nginx.host;
    await nginx.web(8080, 'web');
    for (const port of APPLICATIONS) {
      for (const protocol of ['tcp', 'udp'] as const) await host.app('backend', protocol, port, `${port}`);
    }
    await nginx.run(FORWARDS);
  });
  afterAll(() => nginx?.stop());

  describe('several targets', () => {
    const thirds = Object.fromEntries(APPLICATIONS.map((port) => [`${port}`, expect.closeTo(20, -1)]));

    test.each([
      ['requests', 'tcp', 100],
      ['TCP connections', 'tcp', 103],
      ['UDP clients', 'udp', 103],
    ] as const)('share %s evenly', async (_, protocol, port) => {
      expect(await host.share(protocol, GATEWAY.v4, port, 60)).toEqual(thirds);
    });

    test.each([
      ['requests', 101],
      ['TCP connections', 104],
    ])('that are down get no %s', async (_, port) => {
      expect(await host.share('tcp', GATEWAY.v4, port, 60)).toEqual(thirds);
    });

    test('answer 502 if the only one is down, and other forwards keep working', async () => {
      expect(await nginx.status('client', `http://${GATEWAY.v4}:102/`)).toBe('502');
      expect(await nginx.status('client', `http://${GATEWAY.v4}:100/`)).toBe('200');
    });
  });

  describe.each(FAMILIES)('allowed sources over IP%s', (family) => {
    const url = (port: number) => `http://${GATEWAY[family]}:${port}/`;

    test.each([
      ['a proxy', 82, '200'],
      ['a redirect', 81, '308'],
    ] as const)('%s answers only them and the gateway itself', async (_, port, answer) => {
      expect(await nginx.status('client', url(port), ADDRESS.client[family])).toBe(answer);
      expect(await nginx.status('client', url(port), STRANGER[family])).toBe('403');
      expect(await nginx.status('gateway', `http://${LOOPBACK[family]}:${port}/`)).toBe(answer);
    });

    test.each(['tcp', 'udp'] as const)('%s is forwarded only for them and the gateway itself', async (protocol) => {
      const ask = (address: string) => host.ask('client', protocol, ADDRESS.gateway[family], 105, { address });
      expect((await ask(ADDRESS.client[family])).name).toBe('9001');
      expect((await ask(STRANGER[family])).name).toMatch(/^none/);
      expect((await host.ask('gateway', protocol, family === 'v4' ? '127.0.0.1' : '::1', 105)).name).toBe('9001');
    });

    test('an allowed 0.0.0.0/0 allows no IPv6 client', async () => {
      expect(await nginx.status('client', url(83))).toBe(family === 'v4' ? '200' : '403');
    });
  });

  describe.each(FAMILIES)('a redirect over IP%s', (family) => {
    test("is a 308 to the same host and path, on the HTTPS forward's port", async () => {
      const where = async (...words: string[]) => {
        const form = ['-o', '/dev/null', '-w', '%{http_code} %{redirect_url}'];
        return (await nginx.curl('client', ...form, ...words)).stdout;
      };
      const path = '/a%20b/?c=d&e=%2F';
      const host = ['-H', 'Host: app.example:80'];
      expect(await where(...host, `http://${GATEWAY[family]}${path}`)).toBe(`308 https://app.example:8443${path}`);
      expect(await where(`http://${GATEWAY[family]}${path}`)).toBe(`308 https://${GATEWAY[family]}:8443${path}`);
    });

    test('keeps method and body', async () => {
      const at = [80, 8443].map((port) => `app.example:${port}:${GATEWAY[family]}`);
      const words = ['-L', '--data', 'a form', '--resolve', `${at[0]}`, '--resolve', `${at[1]}`];
      expect(await nginx.request('http://app.example/post', ...words)).toMatchObject({
        method: 'POST',
        path: '/post',
        body: 'a form',
      });
    });
  });

  describe('a range of ports', () => {
    describe.each([
      ['tcp', 6000],
      ['udp', 6000],
      ['tcp', 6100],
      ['udp', 6100],
    ] as const)('of %s from %i', (protocol, first) => {
      const ports = [first, first + 5, first + 10];
      beforeAll(async () => {
        for (const port of [...ports, first - 1, first + 11]) await host.app('backend', protocol, port);
      });

      test.each(FAMILIES)('maps to the same port, over IP%s', async (family) => {
        for (const port of ports) {
          expect(await host.ask('client', protocol, ADDRESS.gateway[family], port)).toMatchObject({
            name: 'backend',
            client: ADDRESS.inside[first === 6000 ? 'v4' : 'v6'],
            port,
          });
        }
        for (const port of [first - 1, first + 11]) {
          expect((await host.ask('client', protocol, ADDRESS.gateway[family], port)).name).toMatch(/^none/);
        }
      });
    });

    test('may map to a single port', async () => {
      for (const port of [6200, 6205, 6210]) {
        expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, port)).name).toBe('9001');
      }
    });
  });
});
