import { byExitCode, type Part } from '../part';
import { nodeBin } from './node-bin';

/** The folders with the project's code. */
export const PLACES = ['bin', 'lib', 'docs', 'examples', 'rehearsal', 'bench', 'test'];

/** Which parts may import which, according to .dependency-cruiser.cjs. */
export const dependencies: Part = {
  name: 'dependencies',
  groups: ['static', 'lint'],
  about: 'imports between the parts of the project, and no circles (dependency-cruiser)',
  limitMinutes: 5,
  run: async ({ command }) =>
    byExitCode(await command(...nodeBin('depcruise', ...PLACES, '--output-type', 'err-long'))),
};
