import { Forward } from '../../../lib/forward/forward';
import { ask } from '../../src/ask';
import type { RehearsalCase, Stage } from '../../src/case';
import { expectationsOf, type Question, visitorOf } from '../../src/expectations';
import { scriptEnd } from '../../src/script-end';
import { has, output, status } from '../on-host';

const RULES = '/usr/local/bin/portway rules';
/** What docker does when it starts: puts a jump of its own before all others, for connections to the host itself. */
const OTHERS =
  'iptables-nft -t nat -N OTHERS && iptables-nft -t nat -I PREROUTING -m addrtype --dst-type LOCAL -j OTHERS';
const ORDER = 'sudo iptables-nft -t nat -S PREROUTING';
const WITHOUT_OTHERS =
  'iptables-nft -t nat -D PREROUTING -m addrtype --dst-type LOCAL -j OTHERS && iptables-nft -t nat -X OTHERS';

/** A step for gateways with rules in the kernel. */
const withRules = (what: string, run: (stage: Stage) => Promise<void>) => async (stage: Stage) => {
  if (await has(stage, '/etc/systemd/system/portway-iptables.service')) await run(stage);
  else stage.checks.skipped(stage.phase, what, 'this gateway has no rules in the kernel');
};

/** A forward that strangers may use and that needs rules: without them nobody gets an answer. */
function ledByRules({ plan }: Stage): Question | undefined {
  const led = plan.forwards.filter(({ engine }) => engine === 'iptables').map(({ name }) => name);
  return expectationsOf(plan).questions.find(
    ({ forward, speech }) => led.includes(forward) && speech !== 'udp' && visitorOf(plan, forward) === 'stranger',
  );
}

/** Whether the stranger gets an answer through the rules, if the stack has such a forward. */
async function forwards(stage: Stage): Promise<boolean | undefined> {
  const question = ledByRules(stage);
  if (question === undefined) return undefined;
  const options = { probe: stage.lab.probe, party: 'stranger', address: stage.address, seconds: 5 } as const;
  return (await ask(question, options)).status > 0;
}

async function isToldAndPutBack(stage: Stage, by: string): Promise<void> {
  const { checks, phase } = stage;
  const before = await status(stage);
  checks.expect(
    phase,
    '`portway status` says that it is not as deployed',
    !before.well && before.text.includes('NOT AS DEPLOYED'),
    before.text,
  );
  await output(stage, `sudo ${by}`);
  const after = await status(stage);
  checks.expect(phase, `after \`${by}\` all is as it was deployed`, after.well, after.text);
  checks.expect(phase, 'and the gateway forwards', (await forwards(stage)) !== false, 'a stranger gets no answer');
}

const lostRules: RehearsalCase = {
  about:
    'somebody flushes all rules of a host that does not look after itself (onChange restart): `portway status` says so, one command puts ours back',
  versions: {
    first: {
      onChange: 'restart',
      forwards: {
        web: Forward.http({ listen: 80, to: 8080 }),
        raw: Forward.tcp({ listen: 8000, to: 8080, engine: 'iptables' }),
      },
    },
  },
  steps: [
    {
      title: 'nft flush ruleset',
      run: withRules('rules that were flushed', async (stage) => {
        await output(stage, 'sudo nft flush ruleset');
        const forwarded = await forwards(stage);
        if (forwarded !== undefined)
          stage.checks.expect(stage.phase, 'without rules nothing is forwarded', !forwarded, 'it still answers');
        await isToldAndPutBack(stage, `${RULES} restore`);
      }),
    },
    {
      title: 'rules of others come before ours',
      run: withRules('rules that were pushed down', async (stage) => {
        const { checks, phase } = stage;
        await output(stage, `sudo sh -c '${OTHERS}'`);
        await isToldAndPutBack(stage, `${RULES} apply`);
        const order = await output(stage, ORDER);
        // The first line is the chain's policy.
        const [, first = ''] = order.split('\n');
        checks.expect(
          phase,
          'ours are first again, and those of others still there',
          first.includes('-j PORTWAY') && order.includes('-j OTHERS'),
          order,
        );
        await output(stage, `sudo sh -c '${WITHOUT_OTHERS}'`);
      }),
    },
    {
      title: 'reboot with a firewall service that begins by flushing',
      run: withRules('rules that a service flushes at boot', async (stage) => {
        const { checks, phase } = stage;
        await output(stage, 'sudo systemctl -q enable nftables');
        await stage.vm().reboot();
        await stage.answered();
        const end = await scriptEnd(stage);
        const flushed = await output(stage, 'systemctl is-active nftables');
        checks.expect(phase, 'it has run at this boot', flushed === 'active', flushed);
        checks.expect(phase, "the host's script found all in order", end === 'forwards are up', end);
        const { well, text } = await status(stage);
        checks.expect(phase, 'the rules came after it', well, text);
        // Stopping it flushes once more.
        await output(stage, `sudo systemctl -q disable --now nftables && sudo ${RULES} restore`);
        checks.expect(
          phase,
          'and the gateway forwards',
          (await forwards(stage)) !== false,
          'a stranger gets no answer',
        );
      }),
    },
  ],
};

export default lostRules;
