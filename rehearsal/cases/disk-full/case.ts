import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RehearsalCase, Stage } from '../../src/case';
import { scriptEnd } from '../../src/script-end';
import { has, output, put, SCRIPT, status } from '../on-host';

const FILL = '/var/fill';
const PROBE = '/var/probe';

/**
 * Why nothing can be written, in the words of a program that tries as root; empty if writing works. Some blocks stay
 * free for the file system itself.
 */
const refusal = (stage: Stage) =>
  output(
    stage,
    `sudo dd if=/dev/zero of=${PROBE} bs=64K count=1 conv=fsync 2>&1 | grep -o 'No space.*'; sudo rm -f ${PROBE}`,
  );

async function isFull(stage: Stage): Promise<void> {
  const why = await refusal(stage);
  stage.checks.expect(
    stage.phase,
    'the disk is full, for root too',
    why.startsWith('No space'),
    why || 'root can write',
  );
}

async function saysSo(stage: Stage): Promise<void> {
  const { well, text } = await status(stage);
  const told = !well && /NOT AS DEPLOYED.*disk is full/s.test(text);
  stage.checks.expect(
    stage.phase,
    '`portway status` says that the disk is full, and nothing else',
    told && !/not as wanted|another configuration/.test(text),
    text,
  );
}

const diskFull: RehearsalCase = {
  about: 'the disk is full: forwarding goes on, over a reboot too; `portway status` says so; room brings all back',
  steps: [
    {
      title: 'fill the disk while strangers ask',
      run: async (stage, note) => {
        const { checks, phase } = stage;
        await put(stage, join(__dirname, 'fill.py'), '/run/fill.py');
        const watch = stage.watch(undefined, 2);
        await output(stage, `sudo python3 /run/fill.py ${FILL}`, 120);
        await isFull(stage);
        await sleep(3000);
        const { lost, requests, seen } = await watch.stop();
        note(`${lost} of ${requests} lost`);
        checks.expect(phase, 'no request was lost', lost === 0, JSON.stringify(seen));
        await saysSo(stage);
      },
    },
    {
      title: 'reboot with the full disk',
      run: async (stage, note) => {
        const { checks, phase } = stage;
        await stage.vm().reboot();
        const seconds = await stage.answered();
        note(`${seconds} s`);
        checks.passed(phase, 'the gateway forwards', `${seconds} s after the machine started again`);
        // Until cloud-init has ended, with or without success, so that the boot script had its chance to do harm.
        await output(stage, 'timeout 200 cloud-init status --wait >/dev/null || :', 230);
        await isFull(stage);
        await saysSo(stage);
        await stage.answered(10);
      },
    },
    {
      title: 'make room, and run what each boot runs',
      run: async (stage) => {
        const { checks, phase } = stage;
        await output(stage, `sudo rm ${FILL}`);
        const { well, text } = await status(stage);
        checks.expect(phase, 'with room all is as it was deployed', well, text);
        if (await has(stage, '/usr/local/lib/portway/host.d/nginx.sh')) {
          const lines = () => output(stage, 'sudo cat /var/log/portway/access.log | wc -l').then(Number);
          const before = await lines();
          await stage.answered(10);
          // nginx buffers log lines for a while.
          for (let i = 0; i < 15 && (await lines()) <= before; i++) await sleep(1000);
          checks.expect(phase, 'nginx goes on with its log', (await lines()) > before, `${before} lines, and no more`);
        }
        await output(stage, `sudo ${SCRIPT}`, 120);
        const end = await scriptEnd(stage);
        checks.expect(phase, "the host's script finds all in order", end === 'forwards are up', end);
      },
    },
  ],
};

export default diskFull;
