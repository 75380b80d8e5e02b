import type { RehearsalCase, Stage } from '../../src/case';
import { scriptEnd } from '../../src/script-end';
import { failedWith, isInForce, withoutAws } from '../changes';
import { LARGE } from '../large';
import { status } from '../on-host';

async function isWell(stage: Stage, when: string): Promise<void> {
  const { well, text } = await status(stage);
  stage.checks.expect(stage.phase, `${when}, \`portway status\` finds all as it was deployed`, well, text);
}

const parameters: RehearsalCase = {
  about:
    'a host that restarts for each change reads its files from Parameter Store, once for each content, or says why it cannot',
  versions: LARGE,
  steps: [
    {
      title: 'look how the host came to its files',
      run: async (stage, note) => {
        const { checks, phase, plan } = stage;
        const { userData } = await stage.gateway();
        const { parameters, content } = plan.userData;
        note(`${userData.length} bytes of user-data and ${parameters.length} parameters`);
        const names = userData.toString().includes(content);
        checks.expect(phase, 'user-data names the content', names, userData.toString().slice(0, 400));
        await isInForce(stage, 'first', 'with all files out of parameters');
        await isWell(stage, 'with all files out of parameters');
      },
    },
    {
      title: 'reboot while AWS does not answer',
      run: async (stage, note) => {
        const begin = Date.now();
        const end = await withoutAws(stage, async () => {
          await stage.vm().reboot();
          await stage.answered();
          return scriptEnd(stage);
        });
        note(`${Math.round((Date.now() - begin) / 1000)} s`);
        stage.checks.expect(stage.phase, 'a reboot needs no parameter', end === 'forwards are up', end);
        await isInForce(stage, 'first', 'after that reboot');
        await isWell(stage, 'after that reboot');
      },
    },
    {
      title: 'deploy another rule while AWS does not answer',
      run: async (stage, note) => {
        const before = await stage.gateway();
        const result = await withoutAws(stage, async () => {
          const failed = await stage.deploy('second');
          await stage.answered();
          return failed;
        });
        note(`${result.seconds} s`);
        failedWith(stage, result, /\/portway\/Portway\/[0-9a-f]{16}\/now could not be read: .*urlopen error/);
        const after = await stage.gateway();
        stage.checks.expect(
          stage.phase,
          'the instance and its user-data are those of before',
          after.instanceId === before.instanceId && after.userData.equals(before.userData),
          after.instanceId,
        );
        const end = await scriptEnd(stage);
        stage.checks.expect(stage.phase, 'rolled back it needs no parameter', end === 'forwards are up', end);
        await isInForce(stage, 'first', 'after the rollback');
      },
    },
    {
      title: 'deploy it again',
      run: async (stage, note) => {
        const { ok, seconds, lines } = await stage.deploy('second', { attempt: '1' });
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
