import type { RehearsalCase } from '../../src/case';
import { LIVE, ONE, OTHER, SHOP } from '../live-contents';

const diff: RehearsalCase = {
  about: '`cdk diff` shows a changed forward as the changed line of its rule, in plain text',
  versions: LIVE,
  steps: [
    {
      title: 'cdk diff',
      run: async (stage) => {
        const { checks, phase } = stage;
        const lines = (await stage.diff('another target')).split('\n');
        const line = (sign: string, target: string) =>
          lines
            .find(
              (one) => one.includes(`[${sign}]`) && one.includes(`--dport ${SHOP} `) && one.includes(`${target}:8080`),
            )
            ?.trim();
        const expectLine = (what: string, found: string | undefined) =>
          found === undefined ? checks.failed(phase, what, lines.join('\n')) : checks.passed(phase, what, found);
        expectLine('it shows the rule that goes', line('-', ONE));
        expectLine('it shows the rule that comes', line('+', OTHER));
      },
    },
  ],
};

export default diff;
