import { join } from 'node:path';
import { cdk } from '../../src/aws/cdk';
import { startEndpoint } from '../../src/aws/endpoint';
import { inventory } from '../../src/aws/inventory';
import type { RehearsalCase } from '../../src/case';
import { CONTENTS, isInForce } from '../changes';

/** Ids without what differs between two endpoints: the kinds, and how many there are of each. */
const kinds = (ids: readonly string[]) => ids.map((id) => id.replaceAll(/\b[0-9a-f]{8,}\b/g, '…')).sort();

const destroy: RehearsalCase = {
  about: '`cdk destroy` leaves nothing at the endpoint and no machine; the same stack can be deployed anew',
  versions: CONTENTS,
  steps: [
    {
      title: 'cdk destroy',
      run: async (stage, note) => {
        const { checks, phase, endpoint, folder } = stage;
        const before = await inventory(endpoint);
        const vm = stage.vm();
        const log = join(folder, 'cdk.log');
        const begin = Date.now();
        await cdk(['destroy', 'Portway', '--force', '--app', join(folder, 'cdk.out')], { endpoint, log }).finished;
        await stage.instances.settled();
        note(`${Math.round((Date.now() - begin) / 1000)} s`);
        checks.expect(phase, 'the machine is off', !vm.alive, `${vm.name} still runs`);
        const after = await inventory(endpoint);
        const empty = await startEndpoint({ folder: join(folder, 'empty') });
        const nothing = await inventory(empty).finally(() => empty.stop());
        const left = after.filter((id) => before.includes(id));
        const same = JSON.stringify(kinds(after)) === JSON.stringify(kinds(nothing));
        const figures = `${before.length} things before, ${after.length} after, ${nothing.length} in an endpoint that has seen no stack`;
        if (same) checks.passed(phase, 'nothing is left at the endpoint', figures);
        else checks.failed(phase, 'nothing is left at the endpoint', `${figures}: ${left.join(', ')}`);
        const answer = await stage.lab.probe.tcpPorts('stranger', stage.address, [80, 8000]);
        checks.expect(
          phase,
          'nobody answers at the address',
          [...answer.values()].every((state) => state === 'filtered'),
          JSON.stringify([...answer]),
        );
      },
    },
    {
      title: 'deploy it anew',
      run: async (stage, note) => {
        const { checks, phase } = stage;
        const { ok, seconds, lines } = await stage.deploy('first');
        note(`${seconds} s`);
        checks.expect(phase, 'the deploy goes well', ok, lines.join('\n'));
        await stage.gateway();
        await stage.answered();
        await isInForce(stage, 'first', 'deployed anew');
      },
    },
  ],
  // The next gateway has another disk.
  leavesChanged: true,
  takesAny: true,
};

export default destroy;
