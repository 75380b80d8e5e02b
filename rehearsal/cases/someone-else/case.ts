import { setTimeout as sleep } from 'node:timers/promises';
import type { CaseStep, RehearsalCase } from '../../src/case';
import { LIVE, whoAnswers } from '../live-contents';
import { output, status } from '../on-host';

/** Longest time until it is put right, in seconds. */
const LIMIT = 60;
const COUNT = 'sudo sh -c "test -e /var/lib/portway/reconciled && wc -l </var/lib/portway/reconciled || echo 0"';

/** @param port on which the stranger gets no answer any more */
function step(title: string, command: string, port: number): CaseStep {
  return {
    title,
    run: async (stage, note) => {
      const { checks, phase } = stage;
      const before = Number(await output(stage, COUNT));
      const begin = Date.now();
      const seconds = () => Math.round((Date.now() - begin) / 100) / 10;
      await output(stage, `sudo sh -c '${command}'`);
      const isWell = async () =>
        Number(await output(stage, COUNT)) > before && (await whoAnswers(stage, port)) !== 'nobody';
      let well = await isWell();
      while (!well && seconds() < LIMIT) {
        await sleep(1000);
        well = await isWell();
      }
      note(`${seconds()} s`);
      checks.expect(phase, `${title}: counted, and put right within ${LIMIT} s`, well, `not within ${seconds()} s`);
      const said = await status(stage);
      const told = said.well && /changed by others/.test(said.text);
      checks.expect(phase, `${title}: \`portway status\` is content, and tells of it`, told, said.text);
    },
  };
}

const someoneElse: RehearsalCase = {
  about:
    'somebody flushes the rules, edits nginx.conf, stops and masks nginx: with onChange live the host puts it right by itself',
  versions: LIVE,
  // Two steps only: after three changes within five minutes the host leaves things alone for a while.
  steps: [
    step('iptables -t nat -F', 'iptables-nft -t nat -F', 80),
    step(
      'nginx.conf is edited, nginx stopped and masked',
      'sed -i s/worker_processes.*/worker_processes\\ 7\\;/ /etc/nginx/nginx.conf; systemctl mask --now nginx 2>/dev/null',
      81,
    ),
  ],
};

export default someoneElse;
