import type { RehearsalCase } from '../../src/case';
import { CONTENTS, isInForce, SLOWLY } from '../changes';
import { output, status } from '../on-host';

/** A file of the application on the host's own disk. */
const DATA = '/var/lib/application-data';
const HOST_KEY = 'cat /etc/ssh/ssh_host_ed25519_key.pub';
const BOOT = 'cat /proc/sys/kernel/random/boot_id';

const restart: RehearsalCase = {
  about: 'a changed forward with onChange restart: same host, disk and data; the new rules hold after one restart',
  versions: CONTENTS,
  steps: [
    {
      title: 'deploy the change while strangers ask',
      run: async (stage, note) => {
        const { checks, phase } = stage;
        await isInForce(stage, 'first', 'before the change');
        const before = await stage.gateway();
        await output(stage, `echo 'written before the change' | sudo tee ${DATA} >/dev/null`);
        const hostKey = await output(stage, HOST_KEY);
        const boot = await output(stage, BOOT);

        const watch = stage.watch(undefined, SLOWLY);
        const { ok, seconds, lines } = await stage.deploy('third');
        const waited = await stage.answered();
        const { downtime, lost, requests } = await watch.stop();
        checks.expect(phase, 'the deploy went well', ok, lines.join('\n'));
        const figures = `${downtime.toFixed(1)} s of downtime, ${lost} of ${requests} requests lost, deploy ${seconds} s, then ${waited} s`;
        note(figures);
        checks.passed(phase, 'the gateway was away for one restart', figures);

        const after = await stage.gateway();
        checks.expect(
          phase,
          'it is the same instance at the same address',
          after.instanceId === before.instanceId && after.publicIp === before.publicIp && after.associated,
          `${before.instanceId} at ${before.publicIp}, then ${after.instanceId} at ${after.publicIp}`,
        );
        const data = await output(stage, `cat ${DATA}`);
        checks.expect(phase, "the application's data is still there", data === 'written before the change', data);
        const key = await output(stage, HOST_KEY);
        checks.expect(phase, "the host's key is the same", key === hostKey, `${hostKey}, then ${key}`);
        const reboot = await output(stage, BOOT);
        checks.expect(phase, 'it is a boot of its own', reboot !== boot, reboot);
        await isInForce(stage, 'third', 'after the change');
        const { well, text } = await status(stage);
        checks.expect(phase, '`portway status` finds all as it was deployed', well, text);
      },
    },
  ],
  leavesChanged: true,
};

export default restart;
