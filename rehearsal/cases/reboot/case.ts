import type { RehearsalCase } from '../../src/case';
import { lookAfterBoot } from '../../src/look';

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
