import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import type { DeployResult, Stage, Version } from '../src/case';
import { INTERNET, VPC } from '../src/network/addresses';
import { events } from './changes';
import { output } from './on-host';

export const [ONE, OTHER] = VPC.backends;
/** Ports of the forwards that change: one by the kernel, one by nginx. */
export const SHOP = 8000;
export const BLOG = 83;

const kernel = (to: string, more: { allowFrom?: string[] } = {}) =>
  Forward.tcp({ listen: SHOP, to: `${to}:8080`, engine: 'iptables', ...more });

/**
 * Forwards of both engines that no change touches. They lead to a backend, which is not emulated: an application on the gateway
 * would be too slow while the gateway installs packages.
 */
const kept = {
  web: Forward.tcp({ listen: 80, to: `${ONE}:8080`, engine: 'iptables' }),
  site: Forward.http({ listen: 81, to: `${ONE}:8080` }),
};

const version = (forwards: Version['forwards']): Version => ({ forwards: { ...kept, ...forwards } });

/** Contents of one stack that changes live, as all do by default. The last ones fail on the host, each for a reason of its own. */
export const LIVE = {
  first: version({ shop: kernel(ONE) }),
  'another target': version({ shop: kernel(OTHER) }),
  'another site': version({ shop: kernel(OTHER), blog: Forward.http({ listen: BLOG, to: `${OTHER}:8080` }) }),
  'for the admin only': version({ shop: kernel(OTHER, { allowFrom: [`${INTERNET.admin.address}/32`] }) }),
  // The application listens there.
  'taken port': version({ shop: kernel(ONE), site2: Forward.http({ listen: 8080, to: 8443 }) }),
  // The first TCP forward by nginx: it needs one more package.
  'another package': version({ shop: kernel(ONE), mail: Forward.tcp({ listen: 84, to: 8080, engine: 'nginx' }) }),
} as const satisfies Record<string, Version>;

/** Requests a second on each kept forward. An emulated processor takes no more beside its other work. */
const RATE = 5;
export const BOOT = 'cat /proc/sys/kernel/random/boot_id';

/** Who answers the stranger on a port: the address of a backend or of the gateway; `nobody` without an answer. */
export async function whoAnswers({ lab, address }: Stage, port: number, seconds = 2): Promise<string> {
  const { status, json } = await lab.probe.http('stranger', `http://${address}:${port}/`, { seconds });
  return status === 200 ? ((json as { address?: string } | undefined)?.address ?? 'somebody else') : 'nobody';
}

/** Forwards that no change touches. */
interface Kept {
  readonly ports: readonly number[];
  /**
   * A port of the kernel: nginx ends kept-alive connections between two requests when its configuration changes. Undefined: no
   * connection is held open.
   */
  readonly held: number | undefined;
}

/** What a live change did, and what it cost strangers who use the kept forwards. */
export interface LiveChange extends DeployResult {
  /** Seconds from the changed tag to the first answer by the new rule; undefined: none came. */
  readonly toTraffic: number | undefined;
  /** Requests lost on all kept forwards together, and exchanges over the connection that was held open, if any. */
  readonly figures: string;
}

/**
 * Deploys while strangers send requests to the kept forwards and hold a connection open. Records a check for each thing that they lost.
 * @param isNew whether the stranger gets what the new rule gives; called until it is so. Default: nothing new is expected
 * @param kept forwards that the change leaves alone: their ports, and the one through which a connection is held open
 */
export async function changeLive(
  stage: Stage,
  deploy: () => Promise<DeployResult>,
  isNew: () => Promise<boolean> = async () => false,
  kept: Kept = { ports: [80, 81], held: 80 },
): Promise<LiveChange> {
  const { checks, phase, address } = stage;
  const [before, boot] = [await stage.gateway(), await output(stage, BOOT)];
  const watches = kept.ports.map((port) => stage.watch(`http://${address}:${port}/`, RATE));
  const held = kept.held === undefined ? undefined : stage.hold(kept.held);
  const begin = new Date();
  let done = false;
  const looking = (async () => {
    while (!done) {
      if (await isNew()) return new Date();
      await sleep(100);
    }
    return undefined;
  })();
  const result = await deploy();
  // The deploy has ended, so the new rule is in force. The last look may have been just before.
  await sleep(1000);
  done = true;
  const seen = await looking;
  const asked = await Promise.all(watches.map((watch) => watch.stop()));
  const open = await held?.stop();
  const requests = asked.reduce((sum, one) => sum + one.requests, 0);
  const lost = asked.reduce((sum, one) => sum + one.lost, 0);
  const over = open === undefined ? '' : `, ${open.exchanges} exchanges over one connection`;
  const figures = `${lost} of ${requests} requests lost${over}`;
  checks.expect(phase, 'strangers who use other forwards lose no request', lost === 0, JSON.stringify(asked));
  if (open !== undefined) {
    const { broken } = open;
    checks.expect(phase, 'a connection through another forward stays open', broken === null, `${broken}`);
  }
  const [after, now] = [await stage.gateway(), await output(stage, BOOT)];
  const same = after.instanceId === before.instanceId && after.userData.equals(before.userData) && now === boot;
  checks.expect(phase, 'it is the same boot of the same instance, with the same user-data', same, after.instanceId);
  const [tag] = events(stage, 'tags', begin);
  const toTraffic = tag && seen && Math.round((seen.getTime() - tag.time.getTime()) / 100) / 10;
  return { ...result, toTraffic, figures };
}
