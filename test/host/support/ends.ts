import { Forward } from '../../../lib/forward/forward';
import { Tls } from '../../../lib/forward/tls';
import { ADDRESS, DEBIAN, describeHost, type Host, until } from './host';
import { CURL_SECONDS, isStalled, NginxHost } from './nginx';

export const GATEWAY = ADDRESS.gateway.v4;
const to = `${ADDRESS.backend.v4}:9000`;
const tls = Tls.selfSigned();
const http3 = DEBIAN === 'debian-13';
export const PLAIN = `http://${GATEWAY}`;
export const SECURE = `https://${GATEWAY}`;

/** Each HTTP version, with its URL and curl's option. */
export const VERSIONS = [
  ['HTTP/1.1', PLAIN, '--http1.1'],
  ['HTTP/1.1 over TLS', SECURE, '--http1.1'],
  ['HTTP/2', SECURE, '--http2'],
  // Debian 12's nginx has no HTTP/3.
  ...(http3 ? ([['HTTP/3', SECURE, '--http3-only']] as const) : []),
] as const;

const streamed = { '/upload/*': { to, streaming: 'requests' as const } };

const FORWARDS = {
  web: Forward.http({ listen: 80, to, routes: streamed }),
  secure: Forward.https({ listen: 443, to, tls, http3, routes: streamed }),
  // A streaming route with every other option.
  protected: Forward.https({
    listen: 447,
    tls,
    to: [to, `${ADDRESS.backend.v4}:9999`],
    limits: { requestsPerSecond: 1000 },
    headers: { 'X-Own': 'here' },
    hosts: { 'b.example': { to, headers: { 'X-Own': 'b' }, cache: { sizeMb: 10 } } },
  }),
  large: Forward.https({ listen: 444, to, tls, maxHeaderKiB: 64 }),
  small: Forward.https({ listen: 445, hosts: { 'a.example': { to } }, tls, maxHeaderKiB: 8 }),
  quick: Forward.http({ listen: 82, to, timeouts: { response: 1 } }),
  plain: Forward.tcp({ listen: 5000, to }),
  short: Forward.tcp({ listen: 5001, to, idleTimeout: 2 }),
  names: Forward.tls({ listen: 5002, hosts: { 'a.example': { to } } }),
  'shared-names': Forward.tls({ listen: 446, hosts: { 'a.example': { to } } }),
  shared: Forward.https({ listen: 446, to, tls }),
  udp: Forward.udp({ listen: 5000, to }),
};

/** A gateway with a forward of each kind, in front of a target (ends.py) that ends connections as it is told to. */
class Ends {
  nginx!: NginxHost;
  private count = 0;

  get host(): Host {
    return this.nginx.host;
  }

  async start(): Promise<void> {
    this.nginx = await NginxHost.start({ rooted: ['gateway', 'client'] });
    await this.host.serve('backend', ['python3', this.host.support('backend', 'ends.py'), '9000']);
    await this.nginx.run(FORWARDS);
  }

  /** An ID that is unique to the test. */
  readonly id = () => `id${++this.count}`;

  /** Runs a client through these steps and returns what it saw. */
  readonly ask = async (port: number, ...steps: string[]) => {
    const script = this.host.support('client', 'ends_ask.py');
    const { stdout, stderr } = await this.host.run('client', ['python3', script, GATEWAY, `${port}`, ...steps]);
    return stdout.trim() || stderr.trim().split('\n').at(-1);
  };

  /** What the target noticed. */
  readonly noted = async (key: string) => (await this.nginx.curl('client', `${PLAIN}/noted/${key}`)).stdout;

  /** The body and status of an answer. */
  readonly get = async (...words: string[]) => {
    const { stdout } = await this.nginx.curl('client', '-w', ' %{http_code}', ...words);
    return stdout;
  };

  /** A target's events; the second tells whether the first had already been seen. */
  readonly events = async (url: string, ...words: string[]) => {
    const ask = () => {
      const key = this.id();
      const see = `if [[ $line == *first* ]]; then curl -s ${PLAIN}/note/${key}/seen; fi`;
      const limit = ['--max-time', `${CURL_SECONDS}`];
      const command = ['curl', '-sNk', ...limit, ...words.map((w) => `'${w}'`), `${url}/${key}`].join(' ');
      const script = `set -o pipefail; ${command} | while read -r line; do echo "$line"; ${see}; done`;
      return this.host.run('client', ['bash', '-c', script]);
    };
    const first = await ask();
    const { code, stdout, stderr } = isStalled(words, first.code) ? await ask() : first;
    if (code !== 0) throw new Error(`the request for events ended with ${code}: ${stdout}${stderr}`);
    return stdout.match(/data: \w+/g);
  };
  /** Waits for a line of the access log. */
  readonly logged = (line: string) =>
    until(`${line} in the log`, async () => {
      await this.host.sh('gateway', 'nginx -s reopen');
      return new RegExp(line).test(await this.host.read('/var/log/portway/access.log'));
    });
}

/** Tests with such a gateway. */
export function describeEnds(name: string, body: (ends: Ends) => void): void {
  describeHost(name, () => {
    const ends = new Ends();
    beforeAll(() => ends.start());
    afterAll(() => ends.nginx?.stop());
    body(ends);
  });
}
