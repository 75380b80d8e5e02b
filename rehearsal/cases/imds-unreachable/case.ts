import type { RehearsalCase } from '../../src/case';
import { scriptEnd } from '../../src/script-end';
import { output, status } from '../on-host';

const HOST_KEYS = 'cat /etc/ssh/ssh_host_*_key.pub';

const imdsUnreachable: RehearsalCase = {
  about: 'the metadata service is dead at a boot: the gateway forwards, and is the same host as before',
  steps: [
    {
      title: 'reboot without a metadata service',
      run: async (stage, note) => {
        const { checks, phase, lab } = stage;
        const before = await output(stage, HOST_KEYS);
        await lab.setImds(false);
        try {
          await stage.vm().reboot();
          const seconds = await stage.answered();
          note(`${seconds} s`);
          checks.passed(phase, 'the gateway forwards', `${seconds} s after the machine started again`);
          // cloud-init asks for minutes before it continues with what it has.
          const end = await scriptEnd(stage, 600);
          checks.expect(phase, "the host's script ran all the same", end === 'forwards are up', end);
          const { well, text } = await status(stage);
          checks.expect(phase, '`portway status` finds all as it was deployed', well, text);
          const after = await output(stage, HOST_KEYS);
          checks.expect(phase, "the host's keys are the same", after === before, `${before}\nthen\n${after}`);
        } finally {
          await lab.setImds(true);
        }
      },
    },
  ],
};

export default imdsUnreachable;
