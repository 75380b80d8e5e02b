import { byExitCode, type Part } from '../part';
import { nodeBin } from './node-bin';

/** The strict compiler, over everything. */
export const typecheck: Part = {
  name: 'typecheck',
  groups: ['static'],
  about: 'TypeScript, strict (tsc --noEmit)',
  limitMinutes: 5,
  run: async ({ command }) => byExitCode(await command(...nodeBin('tsc', '--noEmit', '--pretty', 'false'))),
};

/** Formatting and lint rules of TypeScript and JSON. */
export const biome: Part = {
  name: 'biome',
  groups: ['static', 'lint'],
  about: 'formatting and lint of TypeScript and JSON (biome check)',
  limitMinutes: 5,
  run: async ({ command }) => byExitCode(await command(...nodeBin('biome', 'check', '--error-on-warnings', '.'))),
};
