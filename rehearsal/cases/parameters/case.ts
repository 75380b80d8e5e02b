import type { RehearsalCase, Stage } from '../../src/case';
import { LOG, scriptEnd } from '../../src/script-end';
import { failedWith, isInForce, withoutAws } from '../changes';
import { LARGE } from '../large';
import { output, status } from '../on-host';

/** How often the host read parameters, over all boots. */
const reads = async (stage: Stage) =>
  Number(await output(stage, `sudo grep -cE "Z read [0-9]+ parameters /portway/" ${LOG} || :`));

async function isWell(stage: Stage, when: string): Promise<void> {
  const { well, text } = await status(stage);
  stage.checks.expect(stage.phase, `${when}, \`portway status\` finds all as it was deployed`, well, text);
}

const parameters: RehearsalCase = {
  about:
    'a stack for which user-data has no room: the host reads the rest from Parameter Store, once, or says why it cannot',
  versions: LARGE,
  steps: [
    {
      title: 'look how the host came to its files',
      run: async (stage, note) => {
        const { checks, phase, plan } = stage;
        const { userData } = await stage.gateway();
        const names = plan.userData.parameters ?? [];
        note(`${userData.length} bytes of user-data and ${names.length} parameters`);
        checks.expect(phase, 'user-data names parameters', names.length > 1, userData.toString().slice(0, 400));
        const times = await reads(stage);
        checks.expect(phase, 'the host read them once', times === 1, `${times} times`);
        await isInForce(stage, 'first', 'with scripts out of parameters');
        await isWell(stage, 'with scripts out of parameters');
      },
    },
    {
      title: 'deploy another rule while AWS does not answer',
      run: async (stage, note) => {
        const { checks, phase } = stage;
        const { ok, seconds, lines } = await withoutAws(stage, async () => {
          const result = await stage.deploy('second');
          await stage.answered();
          return result;
        });
        note(`${seconds} s`);
        checks.expect(phase, 'a changed rule needs no parameter', ok, lines.join('\n'));
        await isInForce(stage, 'second', 'after that change');
      },
    },
    {
      title: 'deploy what needs other scripts while AWS does not answer',
      run: async (stage, note) => {
        const before = await stage.gateway();
        const result = await withoutAws(stage, async () => {
          const failed = await stage.deploy('more scripts');
          await stage.answered();
          return failed;
        });
        note(`${result.seconds} s`);
        failedWith(stage, result, /parameters \/portway\/Portway\/[0-9a-f]{16}\/\* could not be read: .*urlopen error/);
        const after = await stage.gateway();
        stage.checks.expect(
          stage.phase,
          'the instance and its user-data are those of before',
          after.instanceId === before.instanceId && after.userData.equals(before.userData),
          after.instanceId,
        );
        const end = await scriptEnd(stage);
        stage.checks.expect(stage.phase, 'rolled back it needs no parameter', end === 'forwards are up', end);
        await isInForce(stage, 'second', 'after the rollback');
      },
    },
    {
      title: 'deploy it again',
      run: async (stage, note) => {
        const { ok, seconds, lines } = await stage.deploy('more scripts', { attempt: '1' });
        await stage.answered();
        note(`${seconds} s`);
        stage.checks.expect(stage.phase, 'with AWS back the same content runs', ok, lines.join('\n'));
        await isInForce(stage, 'second', 'after it');
        await isWell(stage, 'after it');
      },
    },
  ],
  leavesChanged: true,
};

export default parameters;
