import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../../lib/forward/forward';
import type { RehearsalCase, Stage, Version } from '../../src/case';
import { lookAfterBoot } from '../../src/look';
import type { Party } from '../../src/network/topology';
import { scriptEnd } from '../../src/script-end';
import { ONE } from '../live-contents';
import { output, status } from '../on-host';

const SITE = 81;
const ATTACKER = '198.18.0.66';
const OFFICE = '198.18.1.5';

const VERSIONS = {
  first: {
    onChange: 'live',
    forwards: {
      web: Forward.tcp({ listen: 80, to: `${ONE}:8080`, engine: 'iptables' }),
      site: Forward.http({ listen: SITE, to: `${ONE}:8080`, limits: { requestsPerSecond: 10, burst: 20 } }),
    },
    protect: { refusedRequests: 30, newConnectionsPerSecond: 200, never: [`${OFFICE}/32`] },
  },
} as const satisfies Record<string, Version>;

/** How soon an attacker must be out, in seconds. */
const SOON = 10;

/** Asks without a pause, over one connection as long as it lasts. */
async function flood({ lab, address }: Stage, party: Party, seconds: number): Promise<void> {
  const many = ['curl', '-s', '-o', '/dev/null', '--max-time', '2', `http://${address}:${SITE}/[1-100000]`];
  await lab.namespaces.run(party, ['timeout', `${seconds}`, ...many]).catch(() => undefined);
}

async function statusOf({ lab, address }: Stage, party: Party): Promise<number> {
  return (await lab.probe.http(party, `http://${address}:${SITE}/`, { seconds: 2 })).status;
}

const blocked = (stage: Stage) => output(stage, 'sudo portway blocked');

async function attack(stage: Stage, note: (text: string) => void): Promise<void> {
  const { checks, phase, targets, address } = stage;
  const [attacker, office] = [await targets.party(ATTACKER), await targets.party(OFFICE)];
  const before = await statusOf(stage, attacker);
  checks.expect(phase, 'who will attack is answered before', before === 200, `${before}`);
  const strangers = [80, SITE].map((port) => stage.watch(`http://${address}:${port}/`, 4));
  const begin = Date.now();
  const floods = Promise.all((['admin', office, attacker] as const).map((party) => flood(stage, party, 20)));
  let seconds: number | undefined;
  while (seconds === undefined && Date.now() - begin < 30_000)
    if ((await statusOf(stage, attacker)) === 0) seconds = Math.round((Date.now() - begin) / 100) / 10;
    else await sleep(200);
  note(`blocked after ${seconds} s`);
  const soon = seconds !== undefined && seconds <= SOON;
  checks.expect(phase, `the attacker gets no answer within ${SOON} s`, soon, `${seconds} s`);
  await floods;
  for (const [name, party] of [
    ['the admin', 'admin'],
    ['an office in `never`', office],
  ] as const) {
    await sleep(5000);
    const answer = await statusOf(stage, party);
    checks.expect(phase, `${name} did the same and is answered`, answer === 200, `${answer}`);
  }
  for (const watch of strangers) {
    const { requests, lost, seen } = await watch.stop();
    checks.expect(phase, 'strangers lost no request', lost === 0 && requests > 20, JSON.stringify(seen));
    note(`${lost} of ${requests} lost`);
  }
  const list = await blocked(stage);
  const right = list.includes(ATTACKER) && !list.includes(OFFICE) && list.split('\n').length === 2;
  checks.expect(phase, '`portway blocked` lists the attacker alone', right, list);
  const { well, text } = await status(stage);
  checks.expect(phase, '`portway status` finds all as it was deployed', well, text);
  checks.expect(phase, '`portway status` tells of the block', text.includes('1 sources are blocked'), text);
}

async function service(stage: Stage, note: (text: string) => void): Promise<void> {
  const { checks, phase } = stage;
  const rss = await output(stage, 'ps -o rss= -p $(systemctl show -P MainPID portway-protect)');
  note(`${rss.trim()} KiB resident`);
  checks.expect(phase, 'the service takes at most 14 MiB', Number(rss) > 0 && Number(rss) <= 14 * 1024, rss);
  const safe = await output(stage, 'sudo systemd-analyze security --no-pager portway-protect | tail -n 1');
  note(safe);
  const exposure = Number(/: ([\d.]+)/.exec(safe)?.[1]);
  checks.expect(phase, '`systemd-analyze security` rates it 4.0 or better', exposure <= 4, safe);
  const log = await output(stage, 'sudo cat /var/log/portway/protect.log');
  const one = /^\S+Z blocked 198\.18\.0\.66 for 60 s: 30 refused$/.test(log);
  checks.expect(phase, 'its log has one line', one, log);
}

async function reboot(stage: Stage, note: (text: string) => void): Promise<void> {
  const { checks, phase } = stage;
  const attacker = await stage.targets.party(ATTACKER);
  // A block that outlasts the reboot of an emulated machine, as if it were the third one.
  const line = `echo "${ATTACKER} refused 30 2 $(date +%s) $(($(date +%s) + 3600))"`;
  const state = '/var/lib/portway/protect';
  await output(
    stage,
    `sudo systemctl stop portway-protect; ${line} | sudo tee ${state} >/dev/null; sudo systemctl start portway-protect`,
  );
  // The forward of the kernel answers before nginx has started.
  const booted = async () => {
    const inOrder = await stage.vm().reboot();
    await stage.answered();
    await scriptEnd(stage);
    return inOrder;
  };
  await lookAfterBoot(stage, booted, note);
  const answer = await statusOf(stage, attacker);
  checks.expect(phase, 'the attacker is still out', answer === 0, `${answer}`);
  const said = await output(stage, `sudo portway unblock ${ATTACKER}`);
  const after = await statusOf(stage, attacker);
  checks.expect(phase, '`portway unblock` lets it in again', after === 200, `${said}, ${after}`);
}

const floodCase: RehearsalCase = {
  about:
    'three flood the gateway: the attacker is blocked within seconds, the admin and an office never, and strangers lose no request',
  versions: VERSIONS,
  steps: [
    { title: 'a flood of requests', run: attack },
    { title: 'what the service takes, and may', run: service },
    { title: 'a reboot, and a pardon', run: reboot },
  ],
};

export default floodCase;
