import type { RehearsalCase } from '../../src/case';
import { asks, events, hostName, NEW, OLD } from '../changes';
import { output, status } from '../on-host';
import { MAY_BREAK, REPLACED } from '../replaced';

const replace: RehearsalCase = {
  about:
    'a changed forward with onChange replace: a new host proves itself, then takes the address, then the old one goes',
  versions: REPLACED,
  steps: [
    {
      title: 'deploy the change while strangers ask',
      run: async (stage, note) => {
        const { checks, phase } = stage;
        const before = await stage.gateway();
        const oldName = await hostName(stage);
        const begin = new Date();
        const watch = stage.watch(undefined, 10);
        const { ok, seconds, lines } = await stage.deploy('second');
        await stage.answered();
        const { lost, requests, downtime, seen } = await watch.stop();
        checks.expect(phase, 'the deploy went well', ok, lines.join('\n'));
        const figures = `${lost} of ${requests} requests lost, ${downtime.toFixed(2)} s at most between two answers, deploy ${seconds} s`;
        note(figures);
        const few = 'no more requests were lost than were under way while the address moved';
        if (lost <= MAY_BREAK) checks.passed(phase, few, figures);
        else checks.failed(phase, few, `${figures}: ${JSON.stringify(seen)}`);

        const after = await stage.gateway();
        const [built] = events(stage, 'launched', begin);
        const [moved] = events(stage, 'address', begin);
        const [gone] = events(stage, 'terminated', begin);
        const order = [built, moved, gone].map(
          (event) => `${event?.what} ${event?.instanceId} ${event?.time.toISOString()}`,
        );
        checks.expect(
          phase,
          'the new host was built, then it got the address, then the old one went',
          built?.instanceId === after.instanceId &&
            moved?.instanceId === after.instanceId &&
            gone?.instanceId === before.instanceId &&
            built.time < moved.time &&
            moved.time < gone.time,
          order.join(', '),
        );
        const log = await output(stage, 'sudo grep -h "^portway .* signalled SUCCESS" /var/log/portway/bootstrap.log');
        const proved = new Date(log.split(' ')[1] ?? '');
        checks.expect(
          phase,
          'it had proved itself before it got the address',
          // The log has whole seconds only, and Linux sets its clock from one that has no more, to their middle.
          moved !== undefined && proved.getTime() <= moved.time.getTime() + 500,
          `proved ${log}, moved ${moved?.time.toISOString()}`,
        );
        const name = await hostName(stage);
        checks.expect(
          phase,
          'the new host answers at the same address',
          name !== oldName && after.publicIp === before.publicIp,
          name,
        );
        const [there, none] = [await asks(stage, NEW), await asks(stage, OLD)];
        checks.expect(phase, `the stranger gets the application on ${NEW}`, there === 'application', there);
        checks.expect(phase, `the stranger gets nothing on ${OLD}`, none !== 'application', none);
        checks.expect(phase, 'the old host is off', !stage.vm(before.instanceId).alive, before.instanceId);
        const { well, text } = await status(stage);
        checks.expect(phase, '`portway status` finds all as it was deployed', well, text);
      },
    },
  ],
  leavesChanged: true,
};

export default replace;
