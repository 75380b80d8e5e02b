import type { CaseStep, RehearsalCase } from '../../src/case';
import { type BadChange, portTaken, repositoryDown } from '../bad-changes';
import { asks, events, failedWith, OLD } from '../changes';
import { nothingLost, REPLACED } from '../replaced';

const CHANGES: readonly BadChange<keyof typeof REPLACED>[] = [
  repositoryDown('the repository is down, and a new host needs all of its packages', 'third'),
  portTaken('taken port'),
  {
    title: 'nginx refuses its configuration: the image is of another distribution than the props say',
    version: 'wrong image',
    why: /try the new content: nginx -t .*getpwnam\("nginx"\) failed/,
  },
];

function step({ title, version, why, during = (_, deploy) => deploy() }: BadChange<keyof typeof REPLACED>): CaseStep {
  return {
    title,
    run: async (stage, note) => {
      const { checks, phase } = stage;
      const before = await stage.gateway();
      const begin = new Date();
      const watch = stage.watch(undefined, 10);
      const result = await during(stage, () => stage.deploy(version));
      await stage.answered();
      const watched = await watch.stop();
      note(`${watched.lost} of ${watched.requests} requests lost, deploy ${result.seconds} s`);
      failedWith(stage, result, why);
      nothingLost(stage, watched);
      const after = await stage.gateway();
      checks.expect(
        phase,
        'the old host keeps the address',
        after.instanceId === before.instanceId && after.associated && events(stage, 'address', begin).length === 0,
        after.instanceId,
      );
      const built = events(stage, 'launched', begin).map(({ instanceId }) => instanceId);
      const gone = events(stage, 'terminated', begin).map(({ instanceId }) => instanceId);
      checks.expect(
        phase,
        'a new host was built, and is gone',
        built.length === 1 && gone.join() === built.join() && !stage.vm(built[0]).alive,
        `built ${built}; gone ${gone}`,
      );
      const answer = await asks(stage, OLD);
      checks.expect(phase, `the stranger still gets the application on ${OLD}`, answer === 'application', answer);
    },
  };
}

const badChangeReplace: RehearsalCase = {
  about: 'changes that fail on the host, with onChange replace: the deploy says why, and traffic never stops',
  versions: REPLACED,
  steps: CHANGES.map(step),
};

export default badChangeReplace;
