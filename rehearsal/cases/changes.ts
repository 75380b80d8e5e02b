import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import type { DeployResult, Stage, Version } from '../src/case';
import type { InstanceEvent } from '../src/instances';
import { INTERNET } from '../src/network/addresses';
import { output } from './on-host';

/** A port on which only one content has a forward, by the content's name. */
const OWN_PORTS = { first: 8000, second: 9000, third: 9100 } as const;
export const { first: OLD, second: NEW, third: NEWEST } = OWN_PORTS;
const engine = 'iptables';
const both = { web: Forward.tcp({ listen: 80, to: 8080, engine }) };
const old = { old: Forward.tcp({ listen: OLD, to: 8080, engine }) };
const fresh = { fresh: Forward.tcp({ listen: NEW, to: 8080, engine }) };
const newest = { newest: Forward.tcp({ listen: NEWEST, to: 8080, engine }) };

const onChange = 'restart';

/**
 * Contents of one stack in which the kernel forwards, and whose host restarts at each change. Those after the third fail on the host,
 * each for its own reason.
 */
export const CONTENTS = {
  first: { onChange, forwards: { ...both, ...old } },
  second: { onChange, forwards: { ...both, ...fresh } },
  third: { onChange, forwards: { ...both, ...newest } },
  // The first forward on nginx: its package must be installed.
  'another package': {
    onChange,
    forwards: { ...both, ...fresh, site: Forward.http({ listen: 81, to: 8080 }) },
  },
  // The application already listens there.
  'taken port': {
    onChange,
    forwards: { ...both, ...fresh, site: Forward.http({ listen: 8080, to: 8443 }) },
  },
  'another site': {
    onChange,
    forwards: { ...both, ...fresh, site: Forward.http({ listen: 82, to: 8080 }) },
  },
  'another taken port': {
    onChange,
    forwards: { ...both, ...fresh, site: Forward.http({ listen: 8443, to: 8080 }) },
  },
} as const satisfies Record<string, Version>;

/** Requests a second while a host restarts: more would keep an emulated processor from booting. */
export const SLOWLY = 2;

/** What the stranger gets on a port: `application`, or why not. */
export async function asks(stage: Stage, port: number): Promise<string> {
  const { status, json, error } = await stage.lab.probe.http('stranger', `http://${stage.address}:${port}/`, {
    seconds: 5,
  });
  return status === 200 && (json as { host?: string } | undefined)?.host ? 'application' : (error ?? `${status}`);
}

/** The host that answers on port 80, by its own name (`ip-10-0-0-10`). */
export async function hostName(stage: Stage): Promise<string> {
  const { json } = await stage.lab.probe.http('stranger', `http://${stage.address}/`, { seconds: 5 });
  return (json as { host?: string } | undefined)?.host ?? 'none';
}

/**
 * Checks that this content is in force and the one before it is not: as the stranger sees it, and in the host's rules.
 */
export async function isInForce(stage: Stage, content: keyof typeof OWN_PORTS, when: string): Promise<void> {
  const { checks, phase } = stage;
  const there = OWN_PORTS[content];
  const gone = content === 'first' ? NEW : OLD;
  const answer = await asks(stage, there);
  checks.expect(phase, `${when}, the stranger gets the application on ${there}`, answer === 'application', answer);
  const none = await asks(stage, gone);
  checks.expect(phase, `${when}, the stranger gets nothing on ${gone}`, none !== 'application', none);
  const rules = await output(stage, 'sudo iptables-nft-save -t nat');
  const has = (port: number) => rules.includes(`--dport ${port} `);
  checks.expect(
    phase,
    `${when}, the kernel has the rule for ${there} and none for ${gone}`,
    has(there) && !has(gone),
    rules,
  );
}

/** An answer on port 80, or none. */
export interface Answer {
  readonly time: Date;
  readonly good: boolean;
}

/** Does something while the stranger asks on port 80 twice a second, and returns when there were answers. */
export async function whileAsking<T>(stage: Stage, work: () => Promise<T>): Promise<[T, readonly Answer[]]> {
  const answers: Answer[] = [];
  let done = false;
  const asking = (async () => {
    while (!done) {
      const { status } = await stage.lab.probe.http('stranger', `http://${stage.address}/`, { seconds: 2 });
      answers.push({ time: new Date(), good: status === 200 });
      await sleep(500);
    }
  })();
  try {
    return [await work(), answers];
  } finally {
    done = true;
    await asking;
  }
}

/** The events of one kind, since a time. */
export function events(stage: Stage, what: InstanceEvent['what'], since: Date): readonly InstanceEvent[] {
  return stage.instances.events.filter((event) => event.what === what && event.time >= since);
}

/** Checks that a deploy failed, and that its user saw why. */
export function failedWith({ checks, phase }: Stage, { ok, lines }: DeployResult, why: RegExp): void {
  const text = lines.join('\n');
  checks.expect(phase, 'cdk deploy failed', !ok, 'it went well');
  const seen = lines.find((line) => why.test(line));
  if (seen === undefined) checks.failed(phase, 'cdk deploy shows the line that failed on the host', text);
  else checks.passed(phase, 'cdk deploy shows the line that failed on the host', seen.slice(0, 400));
}

/** Does something while the package repository is unreachable. */
export const withoutPackages = <T>(stage: Stage, work: () => Promise<T>) =>
  without(stage, `${INTERNET.packages} tcp dport 80`, work);

/** Does something while AWS's services do not answer. */
export const withoutAws = <T>(stage: Stage, work: () => Promise<T>) =>
  without(stage, `${INTERNET.aws} tcp dport 443`, work);

/** Does something while the internet refuses connections to a place. */
async function without<T>({ lab }: Stage, place: string, work: () => Promise<T>): Promise<T> {
  const nft = (text: string) => lab.namespaces.run('internet', ['nft', text]);
  await nft(
    `table ip outage { chain input { type filter hook input priority 0; ip daddr ${place} reject with tcp reset; }; }`,
  );
  try {
    return await work();
  } finally {
    await nft('delete table ip outage');
  }
}
