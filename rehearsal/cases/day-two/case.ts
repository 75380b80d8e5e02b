import { Forward } from '../../../lib/forward/forward';
import { Sources } from '../../../lib/forward/known-sources';
import type { RehearsalCase, Stage } from '../../src/case';
import { scriptEnd } from '../../src/script-end';
import { ONE } from '../live-contents';
import { output } from '../on-host';

const LIST = 'https://lists.rehearsal.internal/drop.txt';

const VERSIONS: RehearsalCase['versions'] = {
  first: {
    // Nobody has it, so the host must say so, and go on.
    blocked: [Sources.url(LIST)],
    monitoring: { prometheus: { from: ['10.0.0.0/8'] } },
    forwards: {
      web: Forward.tcp({ listen: 80, to: `${ONE}:8080`, engine: 'iptables' }),
      site: Forward.http({ listen: 81, to: `${ONE}:8080` }),
    },
  },
};

/** A command's last line with its exit code, also if it fails. */
const ends = (stage: Stage, command: string) => output(stage, `${command} | tail -n 1; echo "exit \${PIPESTATUS[0]}"`);

async function explained(stage: Stage): Promise<void> {
  const { checks, phase } = stage;
  for (const [port, said] of [
    [80, new RegExp(`^FORWARDED: forward web: goes to ${ONE}:8080, which sees this gateway, .*\nexit 0$`)],
    [81, /^FORWARDED: forward site: nginx takes it for site, .*\nexit 0$/],
    [9999, /^DROPPED: the security group drops it before this host .*\nexit 1$/],
  ] as const) {
    const text = await ends(stage, `sudo portway explain tcp ${port} from 198.51.100.9`);
    checks.expect(phase, `explain tells what happens to port ${port}`, said.test(text), text);
  }
  const watch = stage.watch();
  const top = await output(stage, 'sudo portway top --json');
  const { lost, requests } = await watch.stop();
  checks.expect(phase, 'all is answered meanwhile', requests > 0 && lost === 0, `${lost} of ${requests} were lost`);
  checks.expect(phase, 'top names the client that asks', /"source": "198\.51\.100\.10"/.test(top), top);
}

async function services(stage: Stage): Promise<void> {
  const { checks, phase } = stage;
  const lists = await output(stage, 'sudo portway lists show');
  checks.expect(phase, 'a list that cannot be fetched is told', lists.startsWith(`${LIST}: 0 networks`), lists);
  const metrics = await output(stage, 'curl -s http://10.0.0.10:9464/metrics');
  checks.expect(phase, 'the metrics are answered', /^portway_\w+\{.*forward="web"/m.test(metrics), metrics);
  const dropped = /^portway_blocked_packets_total\{by="lists"\} \d+$/m.test(metrics);
  checks.expect(phase, 'with what the kernel drops, by the program that may ask it', dropped, metrics);
  // Each may do what it does, although it may do little.
  for (const service of ['portway-lists', 'portway-metrics']) {
    const shown = await output(stage, `systemctl show --value -p NRestarts -p ActiveState ${service} | sort | xargs`);
    checks.expect(phase, `${service} runs, and never ended`, shown === '0 active', shown);
  }
}

/** At boot there is no moment in which a source that a list holds may come. */
async function listsFirst(stage: Stage): Promise<void> {
  const { checks, phase } = stage;
  await stage.vm().reboot();
  await stage.answered();
  const end = await scriptEnd(stage);
  checks.expect(phase, "the host's script has run at this boot", end === 'forwards are up', end);
  const entered = (unit: string) => output(stage, `systemctl show --value -p ActiveEnterTimestampMonotonic ${unit}`);
  const [table, network] = [await entered('portway-lists-table.service'), await entered('network-pre.target')];
  const isFirst = Number(table) > 0 && Number(table) <= Number(network);
  checks.expect(phase, 'the lists are loaded before the network', isFirst, `${table} and ${network} us after power-on`);
  const chain = await output(stage, 'sudo nft list chain inet portway_lists blocked');
  checks.expect(phase, 'their chain is there', chain.includes('counter packets'), chain);
}

const dayTwo: RehearsalCase = {
  about: 'what people ask of a running host: explain, top, metrics, and lists that cannot be fetched',
  versions: VERSIONS,
  steps: [
    { title: 'explain and top', run: explained },
    { title: 'services that may do little', run: services },
    { title: 'a reboot, and lists hold before the network does', run: listsFirst },
  ],
};

export default dayTwo;
