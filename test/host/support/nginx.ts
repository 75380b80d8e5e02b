import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetReading } from '../../../lib/forward/fleet-reading';
import type { Forward } from '../../../lib/forward/forward';
import { type ForwardSet, resolveForwardsOrThrow } from '../../../lib/forward/resolve';
import { isHttpsForward } from '../../../lib/forward/resolved';
import { forwardsFile } from '../../../lib/host/forwards-file';
import { OPERATING_SYSTEMS } from '../../../lib/host/operating-system';
import type { HostStatus } from '../../../lib/host/outputs/status';
import { HEADS, renderHeads } from '../../../lib/nginx/heads';
import { certificateFile, GENERATION, NGINX_PATHS } from '../../../lib/nginx/names';
import { renderNginx } from '../../../lib/nginx/render';
import { SOURCE_ADDRESS } from '../../../lib/nginx/source-address';
import { readPrinted } from '../../support/json-schema';
import { writePackage } from './assets';
import { ADDRESS, DEBIAN, Host, type HostOptions, type Party, type Result, until } from './host';

const HERE = __dirname;

/** A second client, for forwards that let only the first one in. */
export const STRANGER = { v4: '198.51.100.77', v6: '2001:db8:100::77' } as const;

/** What the application of support/web.py says of the request that it got. */
export interface WebRequest {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** The application's address that the request came to. */
  readonly address: string;
  readonly connection: number;
}

/** How long a request may take. */
export const CURL_SECONDS = 8;

/**
 * Whether curl itself was at fault, so that it may ask again, over a new connection. On a busy machine, Debian 13's curl
 * (8.14) sometimes sends a request over HTTP/3 without the QPACK instructions that it refers to. The server must wait for
 * them (RFC 9204, 2.2.1), and so they wait for each other: https://github.com/curl/curl/issues/21463
 */
export function isStalled(words: readonly string[], exitCode: number): boolean {
  const timedOut = 28;
  return words.includes('--http3-only') && exitCode === timedOut;
}

/** A line of access.log or stream.log. */
export type LogEntry = Readonly<Record<string, string | number>>;

type Forwards = Readonly<Record<string, Forward>>;
type Lists = NonNullable<ForwardSet['lists']>;

/** A test host with the nginx.conf that synth renders, the bound of slow heads, and nothing else of Portway. */
export class NginxHost {
  private hasPackage = false;

  private constructor(readonly host: Host) {}

  static async start(options: HostOptions = {}): Promise<NginxHost> {
    const host = await Host.start(options);
    // Deprecated: taken only by those who ask for it.
    const second = `ip addr add ${STRANGER.v6}/64 dev eth0 nodad preferred_lft 0`;
    await host.sh('client', `ip addr add ${STRANGER.v4}/24 dev eth0; ${second}`);
    return new NginxHost(host);
  }

  stop(): Promise<void> {
    return this.host.stop();
  }

  /** Starts nginx with these forwards, and waits until it answers. `alter` changes what was rendered. */
  async run(
    forwards: Forwards,
    alter = (conf: string) => conf,
    lists: Lists = {},
    fleet?: FleetReading,
  ): Promise<void> {
    await this.configure(forwards, alter, lists, fleet);
    // As its unit does.
    await this.host.sh('gateway', `ip route replace local ${SOURCE_ADDRESS} dev lo src 127.0.0.1; nginx`);
    const asked = ['curl', '-s', '--unix-socket', NGINX_PATHS.socket, 'http://host/generation'];
    await until('nginx runs', async () => (await this.host.run('gateway', asked)).stdout === GENERATION);
  }

  /** Tells the running nginx to take other forwards, which it does a little later. */
  async reload(forwards: Forwards, lists: Lists = {}): Promise<void> {
    await this.configure(forwards, undefined, lists);
    await this.host.sh('gateway', 'nginx -s reload');
  }

  /** Has the running nginx read its files again, and waits until only new workers take requests. Old ones may still end theirs. */
  async renew(): Promise<void> {
    const workers = async () => {
      const { stdout } = await this.host.run('gateway', ['pgrep', '-f', 'nginx: worker process$']);
      return stdout.split('\n').filter(Boolean);
    };
    const old = new Set(await workers());
    await this.host.sh('gateway', 'nginx -s reload');
    await until('only new workers run', async () => {
      const now = await workers();
      return now.length > 0 && now.every((pid) => !old.has(pid));
    });
  }

  private async configure(
    forwards: Forwards,
    alter = (conf: string) => conf,
    lists: Lists = {},
    fleet?: FleetReading,
  ): Promise<void> {
    const resolved = resolveForwardsOrThrow({ forwards, ...(Object.keys(lists).length === 0 ? {} : { lists }) }, fleet);
    const conf = renderNginx(resolved, OPERATING_SYSTEMS[DEBIAN].nginx);
    if (conf === undefined) throw new Error('nothing for nginx');
    await this.host.write('/etc/nginx/nginx.conf', alter(conf));
    const heads = renderHeads(resolved, { families: [4, 6] });
    if (heads !== undefined) {
      await this.host.write(HEADS.file, alter(heads));
      await this.host.sh('gateway', `nft -f ${HEADS.file}`);
    }
    await this.host.sh('gateway', `mkdir -p ${NGINX_PATHS.logFolder} ${NGINX_PATHS.sockets} /etc/portway/tls`);
    for (const { name, tls } of resolved.filter(isHttpsForward)) {
      const file = certificateFile(name, tls.source);
      const curve = '-newkey ec -pkeyopt ec_paramgen_curve:P-256';
      await this.host.sh(
        'gateway',
        `openssl req -x509 ${curve} -nodes -days 2 -subj /CN=x -keyout ${file} -out ${file} 2>&1`,
      );
    }
  }

  /** Starts the application of support/web.py on the backend. */
  web(port: number, name: string): Promise<void> {
    return this.host.serve('backend', ['python3', `${HERE}/web.py`, `${port}`, name]);
  }

  /** curl, quiet, with its words as they are. The certificate is self-signed. */
  async curl(from: Party, ...words: string[]): Promise<Result> {
    const ask = () => this.host.run(from, ['curl', '-skg', '--max-time', `${CURL_SECONDS}`, ...words]);
    const result = await ask();
    return isStalled(words, result.code) ? ask() : result;
  }

  /** The status of a request from one of the client's addresses, or by the gateway from its own. */
  async status(from: Party, url: string, source?: string): Promise<string> {
    const words = ['-o', '/dev/null', '-w', '%{http_code}', ...(source === undefined ? [] : ['--interface', source])];
    return (await this.curl(from, ...words, url)).stdout;
  }

  /** What the application got. @throws SyntaxError with what else was answered */
  async request(url: string, ...words: string[]): Promise<WebRequest> {
    return JSON.parse((await this.curl('client', ...words, url)).stdout);
  }

  /** Sends bytes as they are, and gives all that comes back until the gateway closes. */
  async raw(port: number, bytes: string | Buffer): Promise<string> {
    const script = `exec 3<>/dev/tcp/${ADDRESS.gateway.v4}/${port}; cat >&3; cat <&3`;
    return (await this.host.run('client', ['timeout', '5', 'bash', '-c', script], bytes)).stdout;
  }

  /** The lines of a log that name a port, as soon as there are so many. @throws Error when a line is not JSON, or not UTF-8 */
  async log(port: number, count: number, file: 'access' | 'stream' = 'access'): Promise<readonly LogEntry[]> {
    const read = async () =>
      (await this.logLines(file)).map((line): LogEntry => JSON.parse(line)).filter((entry) => entry.port === `${port}`);
    await until(`${count} lines in ${file}.log`, async () => (await read()).length >= count);
    // What would be one too many may come from another worker, a little later.
    await sleep(100);
    return read();
  }

  /** The first line of a log that matches: for a port whose earlier requests may not be in the log yet. */
  async logged(port: number, matches: (entry: LogEntry) => boolean, file: 'access' | 'stream' = 'access') {
    let found: LogEntry | undefined;
    await until(`a line for port ${port} in ${file}.log`, async () => {
      const entries = (await this.logLines(file)).map((line): LogEntry => JSON.parse(line));
      found = entries.find((entry) => entry.port === `${port}` && matches(entry));
      return found !== undefined;
    });
    return found;
  }

  /** What `portway status` warns of, with these forwards. */
  async warnings(forwards: Readonly<Record<string, Forward>>): Promise<readonly string[]> {
    const { path, text } = forwardsFile(resolveForwardsOrThrow({ forwards }));
    await this.host.write(path, text);
    if (!this.hasPackage) await writePackage(this.host);
    this.hasPackage = true;
    // Otherwise nginx writes what it holds back every second.
    await this.host.sh('gateway', 'mkdir -p /var/lib/portway; nginx -s reopen; sleep 0.3');
    const { stdout } = await this.host.run('gateway', ['/usr/local/bin/portway', 'status', '--json']);
    return readPrinted<HostStatus>('status', stdout).warnings;
  }

  /** All lines of a log. @throws TypeError when one is not UTF-8 */
  async logLines(file: 'access' | 'stream'): Promise<readonly string[]> {
    // Otherwise nginx writes what it holds back every second.
    await this.host.sh('gateway', 'nginx -s reopen');
    const coded = await this.host.sh('gateway', `base64 -w0 ${NGINX_PATHS.logFolder}/${file}.log 2>/dev/null || :`);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(coded, 'base64'));
    return text.split('\n').slice(0, -1);
  }
}
