import type { RehearsalCase } from '../../src/case';
import { CONTENTS, NEW, OLD } from '../changes';

const diff: RehearsalCase = {
  about: '`cdk diff` shows a changed forward as the changed line of its rule, in plain text',
  versions: CONTENTS,
  steps: [
    {
      title: 'cdk diff',
      run: async (stage) => {
        const { checks, phase } = stage;
        const lines = (await stage.diff('second')).split('\n');
        const line = (sign: string, port: number) =>
          lines
            .find((one) => one.includes(`[${sign}]`) && one.includes(`--dport ${port} `) && one.includes('8080'))
            ?.trim();
        const expectLine = (what: string, found: string | undefined) =>
          found === undefined ? checks.failed(phase, what, lines.join('\n')) : checks.passed(phase, what, found);
        expectLine('it shows the rule that goes', line('-', OLD));
        expectLine('it shows the rule that comes', line('+', NEW));
      },
    },
  ],
};

export default diff;
