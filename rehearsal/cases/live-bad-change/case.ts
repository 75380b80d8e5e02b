import type { CaseStep, RehearsalCase } from '../../src/case';
import { LOG } from '../../src/script-end';
import { type BadChange, portTaken } from '../bad-changes';
import { failedWith, withoutPackages } from '../changes';
import { changeLive, LIVE, ONE, SHOP, whoAnswers } from '../live-contents';
import { output, status } from '../on-host';

interface LiveBadChange extends BadChange<keyof typeof LIVE> {
  /** The line of the host's log. The event has room for 44 characters of it, behind the instance's id. */
  readonly whole: RegExp;
}

const taken = portTaken<keyof typeof LIVE>('taken port');
const CHANGES: readonly LiveBadChange[] = [
  { ...taken, whole: taken.why, why: /i-[0-9a-f]{17} nginx: port 8080 is held by python3/ },
  {
    title: 'a package is needed, and the repository is down',
    version: 'another package',
    why: /i-[0-9a-f]{17} install libnginx-mod-stream/,
    whole: /install libnginx-mod-stream: .*(packages\.rehearsal\.internal|Failed to fetch|Could not connect)/,
    during: withoutPackages,
  },
];

function step({ title, version, why, whole, during = (_, deploy) => deploy() }: LiveBadChange): CaseStep {
  return {
    title,
    run: async (stage, note) => {
      const { checks, phase } = stage;
      const before = await stage.gateway();
      const change = await changeLive(stage, () => during(stage, () => stage.deploy(version)));
      note(`${change.figures}, deploy ${change.seconds} s`);
      failedWith(stage, change, why);
      const line = await output(stage, `sudo grep 'FAILED: ' ${LOG} | tail -n 1`);
      checks.expect(phase, "the host's log has the whole reason", whole.test(line), line);
      const { metadataTags } = await stage.gateway();
      const [was, is] = [before.metadataTags, metadataTags].map((tags) => tags?.['portway:content']);
      checks.expect(phase, 'the tag names the last good content again', was === is, `${was}, then ${is}`);
      const who = await whoAnswers(stage, SHOP);
      checks.expect(phase, 'the last good rules are in force', who === ONE, who);
      const { well, text } = await status(stage);
      checks.expect(phase, '`portway status` finds all as it was deployed', well, text);
    },
  };
}

const liveBadChange: RehearsalCase = {
  about: 'changes that fail on the host, with onChange live: the deploy says why, and the last good rules never stop',
  versions: LIVE,
  steps: [
    ...CHANGES.map(step),
    {
      title: 'deploy the one again that lacked a package',
      run: async (stage, note) => {
        const { checks, phase } = stage;
        const change = await changeLive(
          stage,
          () => stage.deploy('another package'),
          async () => (await whoAnswers(stage, 84)) !== 'nobody',
        );
        note(`${change.toTraffic} s from the tag to the new rule, deploy ${change.seconds} s, ${change.figures}`);
        checks.expect(phase, 'with the repository back it goes well', change.ok, change.lines.join('\n'));
        checks.expect(phase, 'and the new forward answers', change.toTraffic !== undefined, 'it never answered');
        await stage.deploy('first');
      },
    },
  ],
};

export default liveBadChange;
