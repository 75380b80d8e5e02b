import type { Stage } from '../src/case';
import { SITE, WEB } from './fleet-contents';
import { BOOT } from './live-contents';

/** Requests a second on each kept forward of each zone. An emulated processor takes no more beside its other work. */
const RATE = 4;

interface Kept {
  readonly lost: number;
  readonly figures: string;
}

/** Deploys while strangers use both zones, each engine and a connection that stays open. */
export async function underLoad(stage: Stage, work: () => Promise<unknown>): Promise<Kept> {
  const { checks, phase, fleet } = stage;
  const urls = fleet.balancer.addresses.flatMap((one) => [`http://${one}:${WEB}/`, `http://${one}:${SITE}/`]);
  const watches = urls.map((url) => stage.watch(url, RATE));
  const held = stage.hold(WEB);
  await work();
  const asked = await Promise.all(watches.map((watch) => watch.stop()));
  const { exchanges, broken } = await held.stop();
  const [requests, lost] = [
    asked.reduce((sum, one) => sum + one.requests, 0),
    asked.reduce((sum, one) => sum + one.lost, 0),
  ];
  const figures = `${lost} of ${requests} requests lost, ${exchanges} exchanges over one connection`;
  checks.expect(phase, 'strangers who use other forwards lose no request', lost === 0, JSON.stringify(asked));
  checks.expect(phase, 'a connection through another forward stays open', broken === null, `${broken}`);
  return { lost, figures };
}

/** The boots of the hosts, which a live change must not touch. */
export async function boots({ fleet }: Stage): Promise<string> {
  const told: string[] = [];
  for (const host of await fleet.hosts())
    told.push(`${host.instanceId} ${(await fleet.ssh(host, BOOT)).stdout.trim()}`);
  return told.toSorted().join(', ');
}
