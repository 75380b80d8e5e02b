import { contentOf } from '../../src/aws/deployed';
import type { RehearsalCase } from '../../src/case';
import { scriptEnd } from '../../src/script-end';
import { CONTENTS, isInForce } from '../changes';
import { output } from '../on-host';

const backAndForth: RehearsalCase = {
  about:
    'a content, then another, then the first one again: each is in force, and the deploy tells which report it took',
  versions: CONTENTS,
  steps: (['second', 'first'] as const).map((content) => ({
    title: `deploy the ${content} content`,
    run: async (stage, note) => {
      const { checks, phase } = stage;
      const { instanceId } = await stage.gateway();
      const { ok, seconds, lines } = await stage.deploy(content);
      note(`${seconds} s`);
      checks.expect(phase, `the ${content} content was deployed`, ok, lines.join('\n'));
      await stage.answered();
      // A deploy that read an old report has not waited for the host.
      const end = await scriptEnd(stage);
      checks.expect(phase, `the host has set up the ${content} content`, end === 'forwards are up', end);
      await isInForce(stage, content, `with the ${content} content`);
      const { instanceId: now, outputs, ...gateway } = await stage.gateway();
      checks.expect(phase, `the ${content} content is on the same instance`, now === instanceId, now);
      const hash = contentOf(gateway);
      const { Report: report = '' } = outputs;
      checks.expect(phase, `the report is about the ${content} content`, report.includes(hash), `${report}; ${hash}`);
      const boot = await output(stage, 'cat /proc/sys/kernel/random/boot_id');
      const own = report.includes(boot);
      if (content === 'second') checks.expect(phase, 'the report is of this boot', own, `${report}; ${boot}`);
      // AWS does not document whether it forgets the reports of a deleted handle. The local endpoint keeps them.
      else
        checks.passed(
          phase,
          'going back, the deploy took a report',
          own ? 'of this boot' : 'of the first time: it did not wait',
        );
    },
  })),
};

export default backAndForth;
