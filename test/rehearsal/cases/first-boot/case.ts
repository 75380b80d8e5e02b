import type { RehearsalCase } from '../../../../lib/rehearsal/case';
import { look } from '../../../../lib/rehearsal/look';

const firstBoot: RehearsalCase = {
  about: 'a fresh gateway: who may reach what does, nobody reaches more, and the host found all in order',
  steps: [{ title: 'look at it from outside and inside', run: (stage, note) => look(stage, note) }],
};

export default firstBoot;
