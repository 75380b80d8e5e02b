import type { RehearsalCase } from '../../src/case';
import { lookAfterBoot } from '../../src/look';

const powerOff: RehearsalCase = {
  about: 'the machine is switched off in order and on again: it forwards by itself, just as before',
  steps: [
    {
      title: 'power off, start, and look again',
      run: (stage, note) =>
        lookAfterBoot(
          stage,
          async () => {
            const orderly = await stage.vm().powerOff();
            await stage.vm().start();
            return orderly;
          },
          note,
        ),
    },
  ],
};

export default powerOff;
