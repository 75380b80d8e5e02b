import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeAsRoot } from '../../../test/support/as-root';
import { FLEET, ONE, OTHER } from '../../cases/fleet-contents';
import rolling from '../../cases/fleet-rolling/case';
import scale from '../../cases/fleet-scale/case';
import zoneLost from '../../cases/zone-lost/case';
import type { CdkError } from '../../src/aws/cdk';
import type { RehearsalCase, Stage } from '../../src/case';
import { Checks } from '../../src/checks';
import { Cleanup } from '../../src/cleanup';
import { Balancer } from '../../src/fleet/balancer';
import { fleetStage } from '../../src/fleet/stage';
import { ensureVmImage } from '../../src/image/image';
import { Lab } from '../../src/lab';
import { hold, watch } from '../../src/watch';
import { FleetLab } from '../support/fleet-lab';
import { FleetNetwork } from '../support/fleet-network';

/*
 * The cases' own steps, with the real CLI, endpoint, router rules and clients; hosts are namespaces that answer. So it is seen in minutes,
 * and with little work for the processor, what the balancer's stand-in does with connections.
 */
jest.setTimeout(600_000);

/** Draining takes 15 s, the hook 6 s. */
const HASTE = 20;
const STACK = 'Fleet';

describeAsRoot('cases of a fleet whose hosts are namespaces', () => {
  const cleanup = new Cleanup();
  let folder: string;
  let fleet: FleetLab;
  let network: FleetNetwork;
  let balancer: Balancer;

  async function deploy(version: string) {
    const { bootMinutes: _, ...props } = FLEET[version as keyof typeof FLEET];
    network.target = ['another target', 'three hosts'].includes(version) ? OTHER : ONE;
    const begin = Date.now();
    const lines = await fleet.deploy(props).then(
      () => undefined,
      (error: CdkError) => error.lines ?? [`${error}`],
    );
    return { ok: lines === undefined, seconds: Math.round((Date.now() - begin) / 1000), lines: lines ?? [] };
  }

  /** What the steps of these cases use. */
  function stageOf(phase: string, checks: Checks): Stage {
    const { lab } = network;
    const asker = { namespaces: lab.namespaces, cleanup, folder, party: 'stranger' as const };
    const [address = ''] = balancer.addresses;
    const stage: Partial<Stage> = {
      ...{ checks, phase, endpoint: fleet.endpoint, lab, folder, address, deploy },
      fleet: fleetStage(balancer, { endpoint: fleet.endpoint, stack: STACK }, async (id) => ({
        ...{ ok: true, stdout: `boot of ${id}`, error: undefined },
      })),
      vm: (id = '') =>
        ({
          hardOff: () => network.off(id),
          start: () => network.on(id),
          get alive() {
            return network.isOn(id);
          },
        }) as ReturnType<Stage['vm']>,
      watch: (url = '', rate = 20) => watch({ ...asker, url, rate }),
      hold: (port, at = address) => hold({ ...asker, address: at, port }),
    };
    return stage as Stage;
  }

  /** @returns what failed, and the notes */
  async function run(name: string, { steps }: RehearsalCase) {
    const checks = new Checks(() => 0);
    const notes: string[] = [];
    for (const step of steps) await step.run(stageOf(name, checks), (text) => void notes.push(text));
    const failed = checks.all.filter(({ result }) => result !== 'passed').map(({ what, seen }) => `${what}: ${seen}`);
    return { failed, notes: notes.join('\n'), count: checks.all.length };
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portway-cases-'));
    fleet = await FleetLab.start(HASTE);
    const image = await ensureVmImage({});
    const lab = await Lab.start({ folder, cleanup, id: `fc-${process.pid}`, image, zones: 2 });
    network = new FleetNetwork(lab, fleet.endpoint, STACK);
    balancer = await Balancer.follow({ endpoint: fleet.endpoint, stack: STACK, zones: 2, lab, cleanup });
    // As a host does, it reports its boot once the balancer trusts it.
    fleet.hosts.behave(({ id, type }) => {
      if (type === FLEET['a boot that fails'].instanceType) return 'FAILURE';
      if (balancer.health.get(id) !== 'healthy') return undefined;
      network.change(id);
      return 'SUCCESS';
    });
    fleet.hosts.start();
    const { ok, lines } = await deploy('first');
    if (!ok) throw new Error(lines.join('\n'));
  });

  afterAll(async () => {
    await network?.stop();
    await cleanup.run();
    await fleet?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('fleet-scale', async () => {
    const { failed, notes, count } = await run('fleet-scale', scale);
    expect({ failed, notes }).toEqual({ failed: [], notes: expect.stringMatching(/\b0 of \d{3,} requests lost/) });
    expect(count).toBeGreaterThan(15);
  });

  test('zone-lost', async () => {
    const { failed, notes, count } = await run('zone-lost', zoneLost);
    expect({ failed, notes }).toEqual({ failed: [], notes: expect.stringMatching(/the other zone lost 0 of \d{3,}/) });
    expect(count).toBeGreaterThan(5);
  });

  test('fleet-rolling', async () => {
    const { failed, notes, count } = await run('fleet-rolling', rolling);
    expect({ failed, notes }).toEqual({ failed: [], notes: expect.stringMatching(/\b0 of \d{3,} requests lost/) });
    expect(count).toBeGreaterThan(15);
  });
});
