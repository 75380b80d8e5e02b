import type { RehearsalCase } from '../../src/case';
import { look } from '../../src/look';
import { sandboxes } from '../sandboxes';

const firstBoot: RehearsalCase = {
  about: 'a fresh gateway: who may reach what does, nobody reaches more, and the host found all in order',
  steps: [
    { title: 'look at it from outside and inside', run: (stage, note) => look(stage, note) },
    { title: 'services that may do little', run: sandboxes },
  ],
};

export default firstBoot;
