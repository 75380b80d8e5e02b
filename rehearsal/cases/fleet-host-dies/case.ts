import { setTimeout as sleep } from 'node:timers/promises';
import type { RehearsalCase, Stage } from '../../src/case';
import type { Note } from '../../src/report/steps';
import { FLEET, NOTICED, WEB, zonesServe } from '../fleet-contents';

/** Requests a second in each zone. */
const RATE = 10;
/** The longest boot of an emulated host, in seconds. */
const REPLACED = 600;

/** A young host is not replaced: see the group's grace period. */
async function comeOfAge({ fleet }: Stage, note: Note): Promise<void> {
  const age = Math.min(...(await fleet.hosts()).map(({ launched }) => Date.now() - launched));
  const rest = FLEET.first.bootMinutes * 60_000 - age;
  if (rest > 0) await sleep(rest + 5000);
  note(`waited ${Math.max(0, Math.round(rest / 1000))} s`);
}

async function pull(stage: Stage, note: Note): Promise<void> {
  const { checks, phase, fleet, vm } = stage;
  const { balancer } = fleet;
  const hosts = await fleet.hosts();
  const [dying, other] = hosts;
  if (dying === undefined || other === undefined) throw new Error(`a fleet must have two hosts, got ${hosts.length}`);
  const [its, the] = [balancer.addressOf(dying), balancer.addressOf(other)];
  const there = stage.watch(`http://${its}:${WEB}/`, RATE);
  const elsewhere = stage.watch(`http://${the}:${WEB}/`, RATE);
  const seconds = (since: number) => Math.round((Date.now() - since) / 100) / 10;
  await sleep(5000);
  const begin = Date.now();
  await vm(dying.instanceId).hardOff();
  await balancer.until('the zone leaves the name', () => !balancer.named.includes(its), 60);
  const noticed = seconds(begin);
  const { requests, lost } = await there.stop();
  const text = `${noticed} s; in its zone ${lost} of ${requests} requests lost until then`;
  note(text);
  if (noticed <= NOTICED) checks.passed(phase, `the balancer's name leaves out the zone of the dead host`, text);
  else checks.failed(phase, `the balancer's name leaves out the zone of the dead host within ${NOTICED} s`, text);

  const anew = stage.watch(`http://${its}:${WEB}/`, 2);
  const healthy = () =>
    [...balancer.health].filter(([id, state]) => id !== dying.instanceId && state === 'healthy').length;
  await balancer.until('another host is healthy', () => healthy() >= hosts.length, REPLACED);
  const replaced = `${seconds(begin)} s after the plug was pulled`;
  note(replaced);
  checks.passed(phase, 'the group has replaced it by itself', replaced);
  await anew.stop();
  const now = await fleet.hosts();
  const fresh = now.filter(({ instanceId }) => !hosts.some((one) => one.instanceId === instanceId));
  const zone = fresh.length === 1 && fresh[0]?.subnetId === dying.subnetId;
  checks.expect(phase, 'one new host, in the zone of the dead one', zone, JSON.stringify(now));
  await zonesServe(stage, now, 'afterwards');
  const kept = await elsewhere.stop();
  const figures = `${kept.lost} of ${kept.requests} requests lost`;
  if (kept.lost === 0)
    checks.passed(phase, 'the other zone loses no request, from before until the new host serves', figures);
  else checks.failed(phase, 'the other zone loses no request', JSON.stringify(kept));
}

const hostDies: RehearsalCase = {
  about:
    "a host of a fleet loses its power under load: its zone leaves the balancer's name, the other zone loses nothing, and the group replaces it",
  fleet: FLEET,
  leavesChanged: true,
  takesAny: true,
  steps: [
    { title: 'wait until the group replaces hosts', run: comeOfAge },
    { title: 'pull the plug of one host', run: pull },
  ],
};

export default hostDies;
