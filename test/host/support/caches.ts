import type { Forward } from '../../../lib/forward/forward';
import { ADDRESS } from './host';
import { asking, type Got, Targets, type Told } from './targets';

const GATEWAY = ADDRESS.gateway.v4;

/** A target's header for an answer that may be stored for a while. */
export const MINUTE = 'Cache-Control: max-age=60';

/** Options of all caches in these tests. */
export const SMALL = { sizeMb: 10 };

/** curl's arguments for a request whose answer has these headers. */
export function kept(...headers: string[]): readonly string[] {
  return asking({ Header: headers });
}

/** What the target said, now or when the answer was stored. */
export function told({ body }: Got): Told {
  return JSON.parse(body);
}

/** A gateway with caching forwards, and two targets behind it. */
export class Caches {
  private number = 0;

  private constructor(readonly targets: Targets) {}

  static async start(forwards: (to: string, other: string) => Record<string, Forward>): Promise<Caches> {
    const targets = await Targets.start([9001, 9002]);
    const [to, other] = targets.to as [string, string];
    await targets.nginx.run(forwards(to, other));
    return new Caches(targets);
  }

  stop(): Promise<void> {
    return this.targets.stop();
  }

  /** A path that no other test uses. */
  path(): string {
    return `/${++this.number}`;
  }

  /** The URL of such a path. */
  fresh(port = 80): string {
    return `http://${GATEWAY}:${port}${this.path()}`;
  }

  get(url: string, ...words: string[]): Promise<Got> {
    return this.targets.get(url, ...words);
  }

  /** The cache states of sequential answers to the same request. */
  async states(count: number, url: string, ...words: string[]): Promise<readonly (string | undefined)[]> {
    const all = [];
    for (let i = 0; i < count; i++) all.push((await this.get(url, ...words)).headers['x-cache']);
    return all;
  }

  /** How often the target on a port got a request for a URL. */
  async asked(url: string, port = 9001): Promise<number> {
    const path = url.replace(/^https?:\/\/[^/]+/, '');
    return (await this.targets.seen(port)).filter((request) => request.split(' ')[1] === path).length;
  }
}
