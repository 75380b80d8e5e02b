import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import type { DeployResult, Stage, Version } from '../src/case';
import { INTERNET, VPC } from '../src/network/addresses';
import { events } from './changes';
import { output } from './on-host';

export const [ONE, OTHER] = VPC.backends;
/** Where the changing forwards listen: one of the kernel's, one of nginx. */
export const SHOP = 8000;
export const BLOG = 83;

const kernel = (to: string, more: { allowFrom?: string[] } = {}) =>
  Forward.tcp({ listen: SHOP, to: `${to}:8080`, engine: 'iptables', ...more });

/** Forwards of both engines that no change touches. */
const kept = {
  web: Forward.tcp({ listen: 80, to: 8080, engine: 'iptables' }),
  site: Forward.http({ listen: 81, to: 8080 }),
};

const version = (forwards: Version['forwards']): Version => ({ onChange: 'live', forwards: { ...kept, ...forwards } });

/** Contents of one stack that changes live. The last ones fail on the host, each for a reason of its own. */
export const LIVE = {
  first: version({ shop: kernel(ONE) }),
  'another target': version({ shop: kernel(OTHER) }),
  'another site': version({ shop: kernel(OTHER), blog: Forward.http({ listen: BLOG, to: `${OTHER}:8080` }) }),
  'for the admin only': version({ shop: kernel(OTHER, { allowFrom: [`${INTERNET.admin.address}/32`] }) }),
  // Where the application itself listens.
  'taken port': version({ shop: kernel(ONE), site2: Forward.http({ listen: 8080, to: 8443 }) }),
  // The first forward by nginx that is not HTTP: a package more.
  'another package': version({ shop: kernel(ONE), mail: Forward.tcp({ listen: 84, to: 8080, engine: 'nginx' }) }),
} as const satisfies Record<string, Version>;

/** Requests a second on each of the kept forwards: an emulated processor has other work too. */
const RATE = 5;
export const BOOT = 'cat /proc/sys/kernel/random/boot_id';

/** Who answers the stranger on a port: the address of a backend or of the gateway; `nobody` without an answer. */
export async function whoAnswers({ lab, address }: Stage, port: number, seconds = 2): Promise<string> {
  const { status, json } = await lab.probe.http('stranger', `http://${address}:${port}/`, { seconds });
  return status === 200 ? ((json as { address?: string } | undefined)?.address ?? 'somebody else') : 'nobody';
}

/** Seconds from the changed tag to the first answer that shows the new rule; undefined: it never came. */
export interface LiveChange extends DeployResult {
  readonly seconds: number;
  readonly toTraffic: number | undefined;
  /** What the stranger lost, on both kept forwards together. */
  readonly figures: string;
}

/**
 * Deploys a version while strangers ask the kept forwards all the time and one holds a connection open, and records what that cost them.
 * @param isNew asked again and again: whether the stranger gets what the new rule gives
 */
export async function changeLive(
  stage: Stage,
  deploy: () => Promise<DeployResult>,
  isNew: () => Promise<boolean> = async () => false,
): Promise<LiveChange> {
  const { checks, phase, address } = stage;
  const [before, boot] = [await stage.gateway(), await output(stage, BOOT)];
  const watches = [80, 81].map((port) => stage.watch(`http://${address}:${port}/`, RATE));
  const held = stage.hold(80);
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
  // What the deploy waited for is in force by now.
  await sleep(1000);
  done = true;
  const seen = await looking;
  const asked = await Promise.all(watches.map((watch) => watch.stop()));
  const { exchanges, broken } = await held.stop();
  const requests = asked.reduce((sum, one) => sum + one.requests, 0);
  const lost = asked.reduce((sum, one) => sum + one.lost, 0);
  const figures = `${lost} of ${requests} requests lost, ${exchanges} exchanges over one connection`;
  checks.expect(phase, 'strangers who use other forwards lose no request', lost === 0, JSON.stringify(asked));
  checks.expect(phase, 'a connection through another forward stays open', broken === null, `${broken}`);
  const [after, now] = [await stage.gateway(), await output(stage, BOOT)];
  const same = after.instanceId === before.instanceId && after.userData.equals(before.userData) && now === boot;
  checks.expect(phase, 'it is the same boot of the same instance, with the same user-data', same, after.instanceId);
  const [tag] = events(stage, 'tags', begin);
  const toTraffic = tag && seen && Math.round((seen.getTime() - tag.time.getTime()) / 100) / 10;
  return { ...result, toTraffic, figures };
}
