import path from 'node:path';
import { HOST_TOOLS } from '../../host/support/needs';
import { byExitCode, needsVm, type Part } from '../part';
import { LAB_TOOLS } from '../tools';

/** Counts all sections once, and compares them with the committed counts. */
export const counts: Part = {
  name: 'counts',
  about: 'what forwards cost in instructions, against the bounds and the committed counts',
  nightly: true,
  limitMinutes: 100,
  tools: { ...HOST_TOOLS, ...LAB_TOOLS },
  impossible: () => needsVm(),
  async run({ root, command }) {
    const bench = path.join(root, 'bench', 'src', 'main.ts');
    return byExitCode(
      await command(process.execPath, ['--import', 'tsx', bench, '--count', '--rounds', '1', '--check']),
    );
  },
};
