import type { RehearsalCase } from '../../src/case';
import { look } from '../../src/look';

const firstBoot: RehearsalCase = {
  about: 'a fresh gateway: who may reach what does, nobody reaches more, and the host found all in order',
  steps: [{ title: 'look at it from outside and inside', run: (stage, note) => look(stage, note) }],
};

export default firstBoot;
