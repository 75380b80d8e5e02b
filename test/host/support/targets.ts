import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ADDRESS, type Host } from './host';
import { NginxHost } from './nginx';

const HERE = __dirname;

/** What a target of support/target.py says of a request. */
export interface Told {
  readonly name: string;
  /** Which one this was of all the requests that it got. */
  readonly count: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Bytes of the body. */
  readonly length: number;
  /** The same number in two answers: they came over one connection. */
  readonly connection: number;
}

/** An answer as a client gets it. */
export interface Got {
  readonly status: number;
  /** By their names in lower case; the last one of a name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A gateway with nginx, and targets on the backend that do as requests ask them to. */
export class Targets {
  private constructor(
    readonly nginx: NginxHost,
    private readonly ports: readonly number[],
    private readonly folder: string,
  ) {}

  static async start(ports: readonly number[]): Promise<Targets> {
    const targets = new Targets(await NginxHost.start(), ports, await mkdtemp(join(tmpdir(), 'portway-targets-')));
    for (const port of ports) await targets.revive(port);
    return targets;
  }

  get host(): Host {
    return this.nginx.host;
  }

  async stop(): Promise<void> {
    await this.nginx.stop();
    await rm(this.folder, { recursive: true });
  }

  /** The targets as they are written in a forward. */
  get to(): readonly string[] {
    return this.ports.map((port) => `${ADDRESS.backend.v4}:${port}`);
  }

  /** Starts the target of a port (again); its port is its name. */
  revive(port: number): Promise<void> {
    return this.host.serve('backend', ['python3', join(HERE, 'target.py'), `${port}`, `${port}`, this.file(port)]);
  }

  /** Ends a target at once: its connections break, and new ones are refused. */
  async kill(port: number): Promise<void> {
    // The backend has a network of its own, but the machine's processes: only who listens there is meant.
    const listener = `ss -Hltnp 'sport = :${port}' | grep -o 'pid=[0-9]*' | cut -d= -f2`;
    await this.host.sh(
      'backend',
      `kill -9 $(${listener}); while ss -Hltn 'sport = :${port}' | grep -q .; do sleep 0.05; done`,
    );
  }

  /** The requests that a target got in all its lives, such as `GET /path`. */
  async seen(port: number): Promise<readonly string[]> {
    return (await readFile(this.file(port), 'utf8')).split('\n').slice(0, -1);
  }

  /** How many requests of this path each target got. */
  async counts(path: string): Promise<readonly number[]> {
    const all = await Promise.all(this.ports.map((port) => this.seen(port)));
    return all.map((requests) => requests.filter((r) => r.split(' ')[1] === path).length);
  }

  private file(port: number): string {
    return join(this.folder, `${port}`);
  }

  /** Asks the gateway. */
  async get(url: string, ...words: string[]): Promise<Got> {
    const { stdout } = await this.nginx.curl('client', '-i', ...words, url);
    const parts = stdout.split('\r\n\r\n');
    // Answers that only say "go on" come before.
    while (/^HTTP\/\S+ 1\d\d/.test(parts[0] ?? '')) parts.shift();
    const [head = '', ...body] = parts;
    const [first = '', ...lines] = head.split('\r\n');
    const headers = lines.map((line) => [line.split(':')[0]?.toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]);
    return { status: Number(first.split(' ')[1]), headers: Object.fromEntries(headers), body: body.join('\r\n\r\n') };
  }

  /** Asks the gateway; what the target says. @throws Error with what happened where something else answers, or nothing */
  async ask(url: string, ...words: string[]): Promise<Told> {
    const { code, stdout } = await this.nginx.curl('client', ...words, url);
    if (!stdout.startsWith('{')) throw new Error(`curl ${words.join(' ')} ${url} ended with ${code}: ${stdout}`);
    return JSON.parse(stdout);
  }
}

/** The words of a request that asks targets to do something. */
export function asking(what: Readonly<Record<string, string | number | readonly string[]>>): readonly string[] {
  return Object.entries(what).flatMap(([name, value]) => [value].flat().flatMap((v) => ['-H', `X-Test-${name}: ${v}`]));
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
