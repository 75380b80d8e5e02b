import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../../lib/forward/forward';
import type { RehearsalCase, Stage, Version } from '../../src/case';
import type { Note } from '../../src/report/steps';
import { BOOT, ONE } from '../live-contents';
import { output, status } from '../on-host';

/** Requests a second. An emulated processor takes no more beside a boot. */
const RATE = 2;
/** Longest time from the window's begin to the first answer of the next boot, in seconds. */
const LIMIT = 400;

const VERSIONS = {
  first: {
    reboot: 'sun 04:00',
    forwards: {
      web: Forward.tcp({ listen: 80, to: `${ONE}:8080`, engine: 'iptables' }),
      site: Forward.http({ listen: 81, to: `${ONE}:8080` }),
    },
  },
} as const satisfies Record<string, Version>;

/** 2033-01-16 is a Sunday. Nothing on the host sets the clock meanwhile. */
const setClock = (stage: Stage, time: string) => output(stage, `sudo date -u -s '${time}'`);
const said = (stage: Stage) => output(stage, "sudo grep 'reboot' /var/log/portway/bootstrap.log || :");

async function outside(stage: Stage): Promise<void> {
  const { checks, phase } = stage;
  const boot = await output(stage, BOOT);
  await output(stage, 'sudo systemctl stop systemd-timesyncd chrony 2>/dev/null; echo');
  // systemd runs what the clock has jumped over, and then waits for what comes after the last run.
  for (const time of ['2033-01-15 12:00:00', '2033-01-16 03:59:57']) {
    await setClock(stage, time);
    await sleep(15_000);
  }
  const same = (await output(stage, BOOT)) === boot;
  checks.expect(phase, 'in the window nothing happens without a reason', same, await said(stage));
  await output(
    stage,
    'sudo sh -c "touch /run/reboot-required; echo linux-image-cloud-amd64 >/run/reboot-required.pkgs"',
  );
  const { well, text } = await status(stage);
  const told =
    /WARNING: a reboot is due for 0 days: linux-image-cloud-amd64\nWARNING: the reboot comes at sun 04:00 UTC/.test(
      text,
    );
  checks.expect(phase, '`portway status` warns of it, and tells the window', well && told, text);
  checks.expect(
    phase,
    'and how old the kernel and nginx are',
    /^runs Linux \S+ of 20\d\d-\S+, nginx \S+ of 20/m.test(text),
    text,
  );
  // The day at other times, and the same time on another day. People can start it, too.
  for (const time of ['2033-01-16 05:00:01', '2033-01-16 15:59:57', '2033-01-17 03:59:57']) {
    await setClock(stage, time);
    await output(stage, 'sudo systemctl start portway-reboot', 60);
    await sleep(10_000);
  }
  checks.expect(
    phase,
    'outside of the window it is the same boot',
    (await output(stage, BOOT)) === boot,
    await said(stage),
  );
  const next = await output(stage, 'systemctl show -P NextElapseUSecRealtime portway-reboot.timer');
  checks.expect(phase, 'the timer waits for the next Sunday', /^Sun 2033-01-23 04:00:00 UTC$/.test(next), next);
}

async function inside(stage: Stage, note: Note): Promise<void> {
  const { checks, phase, address } = stage;
  const boot = await output(stage, BOOT);
  const watches = [80, 81].map((port) => stage.watch(`http://${address}:${port}/`, RATE));
  await setClock(stage, '2033-01-23 03:59:50');
  const end = Date.now() + LIMIT * 1000;
  let now = boot;
  while (now === boot && Date.now() < end) {
    await sleep(3000);
    now = await output(stage, BOOT, 20).catch(() => boot);
  }
  checks.expect(phase, 'the host reboots', now !== boot && now !== '', await said(stage));
  await stage.answered(LIMIT);
  await sleep(5000);
  const [web, site] = await Promise.all(watches.map((watch) => watch.stop()));
  note(`${web?.downtime} s without an answer by the kernel, ${site?.downtime} s by nginx`);
  const words = await said(stage);
  const why = /^portway 2033-01-23T04:0\d:\d\dZ reboots now: this is due for linux-image-cloud-amd64$/m.test(words);
  checks.expect(phase, 'it said why before, at the time of the window', why, words);
  const { well, text } = await status(stage);
  checks.expect(phase, 'afterwards all is as it was deployed', well, text);
  checks.expect(phase, 'and no reboot is due', !/reboot is due/.test(text), text);
  for (const port of [80, 81]) {
    const { status: code } = await stage.lab.probe.http('stranger', `http://${address}:${port}/`, { seconds: 5 });
    checks.expect(phase, `strangers get answers on port ${port}`, code === 200, `${code}`);
  }
}

const rebootWindow: RehearsalCase = {
  about: 'newer packages wait for a reboot: the host reboots at the stated time, not at others, and forwards again',
  versions: VERSIONS,
  steps: [
    { title: 'a reboot is due, outside of the window', run: outside },
    { title: 'the window opens', run: inside },
  ],
};

export default rebootWindow;
