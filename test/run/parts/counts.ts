import path from 'node:path';
import { HOST_TOOLS } from '../../host/support/needs';
import { byExitCode, needsVm, type Part } from '../part';
import { ARM64_TOOLS, LAB_TOOLS } from '../tools';

/** Counts sections once, and compares them with the bounds and with the committed counts. `only`: these sections. Default: all. */
function countsPart(part: Omit<Part, 'run' | 'impossible'>, only: readonly string[] = []): Part {
  return {
    ...part,
    impossible: () => needsVm(),
    async run({ root, command }) {
      const bench = path.join(root, 'bench', 'src', 'main.ts');
      const chosen = only.length === 0 ? [] : ['--only', only.join()];
      return byExitCode(
        await command(process.execPath, ['--import', 'tsx', bench, '--count', '--rounds', '1', '--check', ...chosen]),
      );
    },
  };
}

/** What most changes of rules and of nginx.conf touch. */
export const counts = countsPart(
  {
    name: 'counts',
    about: 'what kernel forwards and HTTP cost in instructions, against the bounds and the committed counts',
    limitMinutes: 25,
    tools: HOST_TOOLS,
  },
  ['remote', 'local', 'http'],
);

export const countsNightly = countsPart({
  name: 'counts-nightly',
  nightly: true,
  about: 'the same of everything that is counted, also on arm64 and for first boots',
  limitMinutes: 100,
  tools: { ...HOST_TOOLS, ...LAB_TOOLS, ...ARM64_TOOLS },
});
