import type { RehearsalCase } from '../../../../lib/rehearsal/case';
import { lookAfterBoot } from '../../../../lib/rehearsal/look';

const reboot: RehearsalCase = {
  about: 'the system reboots: it forwards again by itself, just as before',
  steps: [
    {
      title: 'reboot, and look again',
      run: (stage, note) => lookAfterBoot(stage, () => stage.vm().reboot(), note),
    },
  ],
};

export default reboot;
