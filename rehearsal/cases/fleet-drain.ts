import { setTimeout as sleep } from 'node:timers/promises';
import type { Hold, Stage } from '../src/case';
import type { FleetHost } from '../src/fleet/hosts';
import { answerOf, WEB } from './fleet-contents';

/** Most attempts to have the balancer choose a certain host out of two. */
const ATTEMPTS = 20;
/** The longest time until a connection is there, in seconds. */
const CONNECTED = 15;

/** Opens a connection that goes through this host, while no other stranger uses its zone. */
export async function holdThrough(stage: Stage, host: FleetHost): Promise<Hold> {
  const { lab, fleet } = stage;
  const address = fleet.balancer.addressOf(host);
  const zone = (await fleet.hosts()).filter(({ subnetId }) => subnetId === host.subnetId);
  const open = async (hosts: readonly FleetHost[]) => {
    const all = await Promise.all(hosts.map(({ privateIp }) => lab.openConnections(privateIp)));
    return all.reduce((sum, one) => sum + one, 0);
  };
  for (let i = 0; i < ATTEMPTS; i++) {
    const [its, all] = [await open([host]), await open(zone)];
    const held = stage.hold(WEB, address);
    for (let second = 0; second < CONNECTED && (await open(zone)) === all; second++) await sleep(1000);
    if ((await open([host])) > its) return held;
    await held.stop();
    await sleep(1000);
  }
  throw new Error(`the balancer has given ${host.privateIp} none of ${ATTEMPTS} connections`);
}

/**
 * Watches a host leave: it gets nothing new from the moment on at which it drains; what it has goes on until its time is over; then
 * nothing is open, and the hook still holds it.
 * @param held a connection through this host
 * @param limit until it begins to drain, in seconds
 * @returns for a reader
 */
export async function seeLeave(stage: Stage, host: FleetHost, held: Hold, limit: number): Promise<string> {
  const { checks, phase, fleet, lab } = stage;
  const { instanceId, privateIp } = host;
  const { balancer } = fleet;
  await balancer.until(`${instanceId} drains`, () => balancer.health.get(instanceId) === 'draining', limit);
  const begin = Date.now();
  // A look of the stand-in's, until the router knows.
  await sleep(1000);
  const clients: string[] = [];
  let state: string | undefined;
  do {
    clients.push((await answerOf(stage, balancer.addressOf(host), WEB)).client);
    state = (await fleet.states()).get(instanceId);
  } while (state === 'Terminating');
  const seconds = Math.round((Date.now() - begin) / 1000);
  const { exchanges, broken } = await held.stop();
  const open = await lab.openConnections(privateIp);
  const after = (await fleet.states()).get(instanceId);
  const its = clients.filter((client) => client === privateIp).length;
  const text = `${seconds} s, ${exchanges} exchanges, ${its} of ${clients.length} new connections`;
  checks.expect(phase, `${privateIp} gets no new connection while it drains`, its === 0, text);
  checks.expect(phase, `a connection through ${privateIp} stays open while it drains`, broken === null, `${broken}`);
  const isHeld = state === 'Terminating:Wait' && after === state;
  checks.expect(phase, `a hook holds ${privateIp} when it has drained`, isHeld, `${state}, then ${after}`);
  checks.expect(phase, `no connection through ${privateIp} is open then`, open === 0, `${open}`);
  return `${privateIp} drained: ${text}`;
}

/** Waits until no host is on its way out any more, at most `limit` seconds. */
export async function settled({ fleet }: Stage, limit = 120): Promise<void> {
  const end = Date.now() + limit * 1000;
  for (;;) {
    const leaving = [...(await fleet.states())].filter(([, state]) => state !== 'InService');
    if (leaving.length === 0) return;
    if (Date.now() > end) throw new Error(`still there after ${limit} s: ${leaving.join('; ')}`);
    await sleep(500);
  }
}
