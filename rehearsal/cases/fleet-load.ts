import type { Stage } from '../src/case';
import { SITE, WEB } from './fleet-contents';
import { BOOT } from './live-contents';

/** Requests a second on each kept forward of each zone. An emulated processor takes no more beside its other work. */
const RATE = 4;

interface Kept {
  readonly lost: number;
  readonly figures: string;
}

/**
 * Works while strangers use both zones, each engine and a connection that stays open.
 * @param heldAt the address of that connection; null: none, since every host leaves. Default: that of the first zone
 */
export async function underLoad(
  stage: Stage,
  work: () => Promise<unknown>,
  heldAt: string | null = stage.address,
): Promise<Kept> {
  const { checks, phase, fleet } = stage;
  const urls = fleet.balancer.addresses.flatMap((one) => [`http://${one}:${WEB}/`, `http://${one}:${SITE}/`]);
  const watches = urls.map((url) => stage.watch(url, RATE));
  const held = heldAt === null ? undefined : stage.hold(WEB, heldAt);
  await work();
  const asked = await Promise.all(watches.map((watch) => watch.stop()));
  const open = await held?.stop();
  const [requests, lost] = [
    asked.reduce((sum, one) => sum + one.requests, 0),
    asked.reduce((sum, one) => sum + one.lost, 0),
  ];
  const over = open === undefined ? '' : `, ${open.exchanges} exchanges over one connection`;
  const figures = `${lost} of ${requests} requests lost${over}`;
  checks.expect(phase, 'strangers who use other forwards lose no request', lost === 0, JSON.stringify(asked));
  if (open !== undefined) {
    const { broken } = open;
    checks.expect(phase, 'a connection through another forward stays open', broken === null, `${broken}`);
  }
  return { lost, figures };
}

/** The boots of the hosts, which a live change must not touch. */
export async function boots({ fleet }: Stage): Promise<string> {
  const told: string[] = [];
  for (const host of await fleet.hosts())
    told.push(`${host.instanceId} ${(await fleet.ssh(host, BOOT)).stdout.trim()}`);
  return told.toSorted().join(', ');
}
