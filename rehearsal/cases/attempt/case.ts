import type { RehearsalCase } from '../../src/case';
import { asks, failedWith, NEWEST, withoutPackages } from '../changes';
import { REPLACED } from '../replaced';

const REASON = /install .*nginx.*\(to deploy again: -c attempt=1\)/;

const attempt: RehearsalCase = {
  about:
    'a change fails, its cause is gone, and the same change again is met by its old report: -c attempt=1 gets through',
  versions: REPLACED,
  steps: [
    {
      title: 'the change fails: the repository is down',
      run: async (stage, note) => {
        const result = await withoutPackages(stage, () => stage.deploy('fourth'));
        note(`${result.seconds} s`);
        failedWith(stage, result, REASON);
      },
    },
    {
      title: 'the same change again, with the repository up',
      run: async (stage, note) => {
        const { checks, phase } = stage;
        const result = await stage.deploy('fourth');
        note(result.ok ? 'went well' : `failed again after ${result.seconds} s`);
        // AWS does not document whether it keeps the signals of a deleted handle. The local endpoint keeps them, which
        // is the worse case.
        checks.expect(phase, 'the old report is read, and the deploy fails once more', !result.ok, 'it went well');
        checks.expect(
          phase,
          'the reason it shows is the old one, and says what to do',
          result.lines.some((line) => REASON.test(line)),
          result.lines.join('\n'),
        );
        const running = stage.instances.ids.filter((id) => stage.vm(id).alive);
        checks.expect(phase, 'one host runs, the old one', running.length === 1, running.join(', '));
        await stage.answered();
      },
    },
    {
      title: 'and with -c attempt=1',
      run: async (stage, note) => {
        const { checks, phase } = stage;
        const { ok, seconds, lines } = await stage.deploy('fourth', { attempt: '1' });
        note(`${seconds} s`);
        checks.expect(phase, 'the deploy goes well', ok, lines.join('\n'));
        await stage.answered();
        const answer = await asks(stage, NEWEST);
        checks.expect(phase, `the stranger gets the application on ${NEWEST}`, answer === 'application', answer);
      },
    },
  ],
  leavesChanged: true,
  takesAny: true,
};

export default attempt;
