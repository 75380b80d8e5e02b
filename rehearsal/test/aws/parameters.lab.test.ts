import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetParametersByPathCommand } from '@aws-sdk/client-ssm';
import { App, LegacyStackSynthesizer } from 'aws-cdk-lib';
import { Forward } from '../../../lib/forward/forward';
import { type ParameterArchive, parameterNames } from '../../../lib/host/parameters';
import { PortwayStack } from '../../../lib/portway-stack';
import type { PortwayStackProps } from '../../../lib/portway-stack-props';
import { CANONICAL, featureFlags } from '../../../test/snapshots/canonical';
import { CdkError, cdk } from '../../src/aws/cdk';
import { ssmClient } from '../../src/aws/client';
import { type Deployed, readDeployed } from '../../src/aws/deployed';
import { type StartedEndpoint, startEndpoint } from '../../src/aws/endpoint';
import { inventory } from '../../src/aws/inventory';

/**
 * The life of parameters with what does not fit into user-data: each host finds its own for as long as it may ask, and
 * none is left behind. No host is booted; the test reports in its place.
 */
jest.setTimeout(240_000);

const base = { ...CANONICAL['letsencrypt-udp'], onChange: 'restart' } as PortwayStackProps;
/** The same scripts, another rule. */
const otherRule = {
  forwards: { ...base.forwards, game: Forward.udp({ listen: 27016, to: '10.0.1.20:27015', engine: 'iptables' }) },
};
/** Other scripts: without UDP there are no flows to flush. */
const otherScripts = {
  forwards: { ...base.forwards, game: Forward.tcp({ listen: 27015, to: '10.0.1.20:27015', engine: 'iptables' }) },
};
/** So little that everything fits into user-data. */
const small = { forwards: { web: Forward.tcp({ listen: 80, to: '10.0.1.20:80', engine: 'iptables' }) } };

let folder: string;
let endpoint: StartedEndpoint;
let assemblies = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portway-aws-'));
  endpoint = await startEndpoint({ folder });
});

afterEach(async () => {
  await endpoint?.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Synthesized {
  readonly assembly: string;
  readonly archive: ParameterArchive | undefined;
}

function synth(props: Partial<PortwayStackProps> = {}): Synthesized {
  const assembly = join(folder, `app-${assemblies++}`);
  const app = new App({ outdir: assembly, context: { ...featureFlags(), '@aws-cdk/core:target-partitions': ['aws'] } });
  // For accounts that were never bootstrapped and have no bucket.
  const synthesizer = new LegacyStackSynthesizer() as never;
  const stack = new PortwayStack(app, 'Portway', { ...base, ...props, synthesizer });
  app.synth();
  return { assembly, archive: stack.gateway.userData.archive };
}

const run = (args: string[], { assembly }: Synthesized) =>
  cdk(args, { endpoint, folder, log: join(folder, 'cdk.log'), app: assembly });
const deploy = (stack: Synthesized) => run(['deploy', 'Portway', '--require-approval', 'never'], stack);

/** A host's report, sent to the URL in its user-data. */
function report(deployed: Deployed, status: 'SUCCESS' | 'FAILURE'): Promise<number | undefined> {
  const url = /^PORTWAY_SIGNAL_URL='([^']+)'$/m.exec(deployed.userData.toString())?.[1] ?? 'no URL in the user-data';
  const { host, pathname, search } = new URL(url);
  const body = JSON.stringify({ Status: status, Reason: 'said the test', UniqueId: 'boot', Data: 'report' });
  return new Promise((done, failed) => {
    const sent = request(
      {
        ...{ socketPath: endpoint.signalSocket, method: 'PUT', path: pathname + search },
        headers: { Host: host, 'Content-Length': Buffer.byteLength(body) },
      },
      (answer) => answer.resume().on('end', () => done(answer.statusCode)),
    );
    sent.on('error', failed).end(body);
  });
}

/** The parameters below our name, by full name. */
async function stored(): Promise<Record<string, string>> {
  const client = ssmClient(endpoint);
  const found: [string, string][] = [];
  let next: string | undefined;
  do {
    const page = await client.send(
      new GetParametersByPathCommand({ Path: '/portway', Recursive: true, ...(next ? { NextToken: next } : {}) }),
    );
    for (const { Name = '', Value = '' } of page.Parameters ?? []) found.push([Name, Value]);
    next = page.NextToken;
  } while (next);
  client.destroy();
  return Object.fromEntries(found.sort());
}

function expected(...stacks: readonly Synthesized[]): Record<string, string> {
  const archives = stacks.flatMap(({ archive }) => (archive === undefined ? [] : [archive]));
  return Object.fromEntries(
    archives.flatMap((a) => parameterNames(a).map((name, i) => [name, a.values[i] ?? ''] as const)).sort(),
  );
}

/** Deploys. `during` is what the hosts find while the new one boots. */
async function change(
  to: Synthesized,
  status: 'SUCCESS' | 'FAILURE',
  during: Record<string, string>,
  after?: Deployed,
) {
  const deploying = deploy(to);
  const found = await readDeployed(endpoint, 'Portway', after === undefined ? {} : { after });
  expect(await stored()).toEqual(during);
  if (to.archive !== undefined) expect(found.userData.toString()).toContain(to.archive.digest);
  expect(await report(found, status)).toBe(200);
  if (status === 'SUCCESS') await deploying.finished;
  else await expect(deploying.finished).rejects.toBeInstanceOf(CdkError);
  return readDeployed(endpoint, 'Portway');
}

test.each(['restart', 'replace'] as const)(
  '%s: there before the host is, until it is proved; nothing is left',
  async (onChange) => {
    const [first, rule, scripts, last] = [{}, otherRule, otherScripts, small].map((props) =>
      synth({ ...props, onChange }),
    ) as [Synthesized, Synthesized, Synthesized, Synthesized];
    expect(expected(rule)).toEqual(expected(first));
    expect(Object.keys(expected(first, scripts)).length).toBeGreaterThan(Object.keys(expected(scripts)).length);
    const before = await inventory(endpoint);

    const one = await change(first, 'SUCCESS', expected(first));
    // Only rules change, so no parameter does.
    const two = await change(rule, 'SUCCESS', expected(first), one);
    expect(await stored()).toEqual(expected(first));
    // The old host still finds its own parameters while the new one boots, and after that one has failed.
    const back = await change(scripts, 'FAILURE', expected(first, scripts), two);
    expect(await stored()).toEqual(expected(first));
    expect(back.userData.equals(two.userData)).toBe(true);
    // The same change works the second time: nothing of the failure is in its way.
    const again = synth({ ...otherScripts, onChange, attempt: 1 });
    const three = await change(again, 'SUCCESS', expected(first, again), back);
    expect(await stored()).toEqual(expected(again));
    await change(last, 'SUCCESS', expected(again), three);
    expect(await stored()).toEqual({});

    await run(['destroy', 'Portway', '--force'], last).finished;
    expect(await inventory(endpoint)).toEqual(before);
  },
);

test('a first deploy that fails leaves none, and neither does destroy', async () => {
  const before = await inventory(endpoint);
  const stack = synth();
  const failing = deploy(stack);
  await report(await readDeployed(endpoint, 'Portway'), 'FAILURE');
  await expect(failing.finished).rejects.toBeInstanceOf(CdkError);
  expect(await stored()).toEqual({});
  await change(stack, 'SUCCESS', expected(stack));
  await run(['destroy', 'Portway', '--force'], stack).finished;
  expect(await stored()).toEqual({});
  expect(await inventory(endpoint)).toEqual(before);
});
