import type { HostStatus } from '../../host/outputs/status';
import type { HostTop } from '../../host/outputs/top';
import { NO_ANSWER } from '../../plan/no-answer';
import type { SynthesizeOptions } from '../../plan/synthesize';
import { withApp } from '../../plan/with-app';
import { withClients } from '../clients';
import { runningHosts } from '../running-hosts';
import { hostsOfOne } from '../stack-hosts';
import { answersOf } from './answers';
import type { QUESTIONS } from './questions';
import { hostsStatus, statusText } from './status';
import { hostsTop, topText } from './top';

export interface HostsOptions extends SynthesizeOptions {
  readonly what: (typeof QUESTIONS)[number];
  /** A stack's name, or a gateway's path. Default: the app's only stack with gateways. */
  readonly stack?: string | undefined;
  /** The file of the private key. Default: as ssh chooses. */
  readonly identity?: string | undefined;
  /** How long `top` watches. Default: 5. */
  readonly seconds?: number | undefined;
  readonly json?: boolean;
}

/** How long `top` watches, in seconds. */
const WATCHED = 5;

/**
 * `portway hosts`: asks every running host of a gateway or a fleet.
 * @returns the exit code: 0 all answered, 1 one of them is not as deployed, 2 one of them did not answer
 */
export function hostsCommand(options: HostsOptions): Promise<number> {
  const { what, stack, identity, seconds = WATCHED, json } = options;
  return withApp(options, async (assembly) => {
    const hosts = await hostsOfOne(assembly, stack);
    const running = await withClients(hosts.region, ({ ec2 }) => runningHosts(ec2, hosts));
    const print = (said: object, text: string) =>
      process.stdout.write(json ? `${JSON.stringify(said, null, 2)}\n` : text);
    if (what === 'top') {
      const command = ['top', '--seconds', `${seconds}`];
      const answers = await answersOf<HostTop>(hosts, running, { command, seconds, identity });
      const said = hostsTop(answers);
      print(said, topText(answers));
      return Object.keys(said.unreachable).length > 0 ? NO_ANSWER : 0;
    }
    const answers = await answersOf<HostStatus>(hosts, running, { command: ['status'], seconds: 0, identity });
    const said = hostsStatus(answers);
    print(said, statusText(answers));
    if (Object.keys(said.unreachable).length > 0) return NO_ANSWER;
    return Object.values(said.hosts).some(({ problems }) => problems.length > 0) ? 1 : 0;
  });
}
