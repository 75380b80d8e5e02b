import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../../lib/forward/forward';
import { logEvents } from '../../src/aws/log-events';
import type { RehearsalCase, Stage, Version } from '../../src/case';
import { ONE, OTHER } from '../live-contents';
import { output, status } from '../on-host';

const SITE = 81;
const LATER = 83;

const kept = {
  web: Forward.tcp({ listen: 80, to: `${ONE}:8080`, engine: 'iptables' }),
  site: Forward.http({ listen: SITE, to: `${ONE}:8080` }),
} as const;

const monitoring: Version['monitoring'] = { cloudWatch: { level: 'percentiles' }, logs: { access: true } };

const VERSIONS: RehearsalCase['versions'] = {
  first: { monitoring, forwards: kept },
  'another site': { monitoring, forwards: { ...kept, later: Forward.http({ listen: LATER, to: `${OTHER}:8080` }) } },
};

/** Requests a second. An emulated processor takes no more beside its other work. */
const RATE = 4;

/** How long a minute of an emulated host may take, with the time to send, in seconds. */
const PATIENCE = 180;

/** What the host has told of a forward so far: the sum of a metric over all events. */
async function told({ endpoint, plan }: Stage, forward: string, metric: string): Promise<number> {
  const group = groupOf(plan);
  const events = (await logEvents(endpoint, group, 'metrics')).map((text) => JSON.parse(text));
  return events.reduce((sum, event) => sum + (event.Forward === forward ? event[metric] : 0), 0);
}

/** The log group that the host's settings name. */
function groupOf(plan: Stage['plan']): string {
  const settings = plan.files.find(({ path }) => path === '/etc/portway/cloudwatch.json')?.text ?? '{}';
  return JSON.parse(settings).group;
}

/** Waits until `is`, and returns whether it came. */
async function soon(is: () => Promise<boolean>): Promise<boolean> {
  const end = Date.now() + 1000 * PATIENCE;
  while (Date.now() < end) {
    if (await is().catch(() => false)) return true;
    await sleep(2000);
  }
  return false;
}

async function first(stage: Stage, note: (text: string) => void): Promise<void> {
  const { checks, phase, endpoint, plan } = stage;
  const begin = Date.now();
  const came = await soon(async () => (await logEvents(endpoint, groupOf(plan), 'metrics')).length > 0);
  note(`the first event after ${Math.round((Date.now() - begin) / 1000)} s`);
  const log = await output(stage, 'sudo journalctl -u portway-metrics --no-pager | tail -n 5');
  checks.expect(phase, 'the host sends events, signed with its own rights', came, log);
}

async function traffic(stage: Stage, note: (text: string) => void): Promise<void> {
  const { checks, phase, address, endpoint, plan } = stage;
  // All of before is told when a later minute adds nothing.
  const before = { sum: -1 };
  await soon(async () => {
    const sum = await told(stage, 'site', 'Requests');
    const is = sum === before.sum;
    before.sum = sum;
    if (!is) await sleep(65_000);
    return is;
  });
  const watch = stage.watch(`http://${address}:${SITE}/`, RATE);
  const deployed = await stage.deploy('another site');
  const { requests, lost, seen } = await watch.stop();
  checks.expect(phase, 'the live change went well', deployed.ok, deployed.lines.join('\n'));
  checks.expect(phase, 'no request was lost', lost === 0 && requests > 20, JSON.stringify(seen));
  const sums = async () => ({
    requests: (await told(stage, 'site', 'Requests')) - before.sum,
    connections: await told(stage, 'site', 'Connections'),
  });
  const equal = await soon(async () => (await sums()).requests === requests);
  const { requests: counted } = await sums();
  note(`${counted} of ${requests} requests in CloudWatch`);
  checks.expect(phase, 'CloudWatch has as many requests as the client counted', equal, `${counted} of ${requests}`);
  const lines = async () =>
    (await logEvents(endpoint, `${groupOf(plan)}/logs`, 'access')).filter(
      (line) => JSON.parse(line).port === `${SITE}`,
    );
  const all = await soon(async () => (await lines()).length >= requests);
  checks.expect(phase, 'its access log is in CloudWatch Logs', all, `${(await lines()).length} of ${requests}`);
}

async function service(stage: Stage, note: (text: string) => void): Promise<void> {
  const { checks, phase } = stage;
  const peak = Number(await output(stage, 'systemctl show --value -P MemoryPeak portway-metrics'));
  note(`${Math.round(peak / 1024 / 1024)} MiB at most, of its processes and of what they read from the disk`);
  checks.expect(
    phase,
    'the service stays within the memory of its unit',
    peak > 0 && peak <= 40 * 1024 * 1024,
    `${peak}`,
  );
  const kills = await output(stage, 'sudo journalctl -u portway-metrics --no-pager | grep -c oom-kill || :');
  checks.expect(phase, 'and was never ended for it', kills === '0', kills);
  const { well, text } = await status(stage);
  checks.expect(phase, '`portway status` finds all as it was deployed', well, text);
}

const watchCase: RehearsalCase = {
  about:
    'the host tells CloudWatch: its requests are those that the client counted, over a live change, and its log is there',
  versions: VERSIONS,
  leavesChanged: true,
  steps: [
    { title: 'the first event', run: first },
    { title: 'traffic over a live change', run: traffic },
    { title: 'what the service takes', run: service },
  ],
};

export default watchCase;
