import { assetFiles, PACKAGE, PROGRAMS } from '../../../lib/host/assets';
import type { HostContent } from '../../../lib/host/host-content';
import { type Deploy, Gateway } from './gateway';
import { type Host, until } from './host';

const FILES = [
  ...[
    'fingerprint',
    'drift',
    'drift_rules',
    'drift_nginx',
    'reconcile',
    'certificate_copies',
    'pause',
    'history',
    'rollback',
    'apply',
  ],
  ...['lock', 'parts', 'paths', 'say', 'setting_up', 'trees'],
  // A rollback ends what it excludes.
  ...['cut', 'cut_flows', 'cut_sockets', 'served', 'old_workers'],
];
const RECORD = '/var/lib/portway/reconciled';

/** What was put right at a time (in seconds since 1970), and what could not be. */
export interface Move {
  readonly time: number;
  readonly what: readonly string[];
  readonly left: readonly string[];
}

/** The content of a host whose state is watched, as with live changes. */
export function guarded(deploy: Deploy): Deploy {
  const files = assetFiles(`${PROGRAMS}/live.py`, ...FILES.map((name) => `${PACKAGE}/${name}.py`));
  const alter = (content: HostContent): HostContent => {
    const altered = deploy.alter?.(content) ?? content;
    return { ...altered, files: [...altered.files, ...files] };
  };
  return { ...deploy, alter };
}

/** A test host that looks after itself every 2 s. */
export class GuardedGateway {
  private constructor(readonly gateway: Gateway) {}

  static async start(deploy: Deploy): Promise<GuardedGateway> {
    const guard = new GuardedGateway(await Gateway.start());
    await guard.deploy(deploy);
    return guard;
  }

  get host(): Host {
    return this.gateway.host;
  }

  stop(): Promise<void> {
    return this.gateway.stop();
  }

  deploy(deploy: Deploy): Promise<void> {
    return this.gateway.succeed(guarded(deploy));
  }

  /** Begins to look after the host. */
  watch(): Promise<void> {
    return this.host.serve('gateway', ['python3', '-IBS', '/support/look.py']);
  }

  /** Changes something by a line of bash. Returns the seconds until it is put right, and all that happened. */
  async meddle(script: string, isRight: () => Promise<boolean>, seconds = 60): Promise<number> {
    const before = (await this.moves()).length;
    await this.host.sh('gateway', script);
    const began = Date.now();
    await until(
      'it is put right',
      async () => (await this.moves()).length > before && (await isRight()),
      seconds,
    ).catch(async (error) => {
      throw new Error(`${error}\n${await this.gateway.log()}`);
    });
    return (Date.now() - began) / 1000;
  }

  async moves(): Promise<readonly Move[]> {
    const lines = (await this.host.read(RECORD)).split('\n').filter(Boolean);
    return lines.map((line): Move => JSON.parse(line));
  }

  /** As if all moves were so many seconds ago. */
  async age(seconds: number): Promise<void> {
    const moves = (await this.moves()).map((move) => JSON.stringify({ ...move, time: move.time - seconds }));
    await this.host.write(RECORD, moves.map((line) => `${line}\n`).join(''));
  }

  portway(...words: string[]) {
    return this.host.run('gateway', ['/usr/local/bin/portway', ...words]);
  }
}
