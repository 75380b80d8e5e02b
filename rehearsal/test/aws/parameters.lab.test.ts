import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetParametersByPathCommand } from '@aws-sdk/client-ssm';
import { App, LegacyStackSynthesizer } from 'aws-cdk-lib';
import { Forward } from '../../../lib/forward/forward';
import { PortwayStack } from '../../../lib/portway-stack';
import type { PortwayStackProps } from '../../../lib/portway-stack-props';
import { CANONICAL } from '../../../test/snapshots/canonical';
import { featureFlags } from '../../../test/snapshots/synthesize';
import { CdkError, cdk } from '../../src/aws/cdk';
import { ssmClient } from '../../src/aws/client';
import { type Deployed, readDeployed } from '../../src/aws/deployed';
import { type StartedEndpoint, startEndpoint } from '../../src/aws/endpoint';
import { inventory } from '../../src/aws/inventory';

/**
 * The life of a content's parameters where each change restarts or replaces the host: parts change in place, each host
 * finds its own pointer for as long as it may ask, and none is left behind. No host is booted; the test reports in its
 * place.
 */
jest.setTimeout(240_000);

const base = { ...CANONICAL['letsencrypt-udp'], onChange: 'restart' } as PortwayStackProps;
const to = (port: number) => Forward.udp({ listen: port, to: '10.0.1.20:27015', engine: 'iptables' });
/** The same programs, another rule. */
const otherRule = { forwards: { ...base.forwards, game: to(27016) } };
/** Other programs: without UDP there are no flows to flush. */
const otherPrograms = {
  forwards: { ...base.forwards, game: Forward.tcp({ listen: 27015, to: '10.0.1.20:27015', engine: 'iptables' }) },
};
/** Fewer parts. */
const small = { forwards: { web: Forward.tcp({ listen: 80, to: '10.0.1.20:80', engine: 'iptables' }) } };

const isPointer = (name: string) => name.endsWith('/now');

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
  /** Names and values of its parameters. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The SHA-256 of its content. */
  readonly content: string;
}

function synth(props: Partial<PortwayStackProps> = {}): Synthesized {
  const assembly = join(folder, `app-${assemblies++}`);
  const app = new App({ outdir: assembly, context: { ...featureFlags(), '@aws-cdk/core:target-partitions': ['aws'] } });
  // For accounts that were never bootstrapped and have no bucket.
  const synthesizer = new LegacyStackSynthesizer() as never;
  const stack = new PortwayStack(app, 'Portway', { ...base, ...props, synthesizer });
  const { template } = app.synth().getStackByName('Portway');
  return { assembly, parameters: parametersIn(template), content: stack.gateway.userData.content };
}

interface Parameter {
  readonly Type: string;
  readonly Properties?: { readonly Name: string; readonly Value: string | { readonly 'Fn::Join': [string, string[]] } };
}

function parametersIn({ Resources }: { readonly Resources: Readonly<Record<string, Parameter>> }) {
  const found = Object.values(Resources).filter(({ Type }) => Type === 'AWS::SSM::Parameter');
  return Object.fromEntries(
    found.map(({ Properties: { Name, Value } = { Name: '', Value: '' } }) => {
      if (typeof Value === 'string') return [Name, Value];
      const [separator, lines] = Value['Fn::Join'];
      return [Name, lines.join(separator)];
    }),
  );
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

/** Deploys. While the new host boots, the parts are the new ones, and the old host's pointer is still there. */
async function change(
  to: Synthesized,
  status: 'SUCCESS' | 'FAILURE',
  from?: { readonly stack: Synthesized; readonly deployed: Deployed },
) {
  const deploying = deploy(to);
  const found = await readDeployed(endpoint, 'Portway', from === undefined ? {} : { after: from.deployed });
  expect(await stored()).toEqual({ ...from?.stack.parameters, ...to.parameters });
  expect(found.userData.toString()).toContain(to.content);
  expect(await report(found, status)).toBe(200);
  if (status === 'SUCCESS') await deploying.finished;
  else await expect(deploying.finished).rejects.toBeInstanceOf(CdkError);
  return readDeployed(endpoint, 'Portway');
}

test.each(['restart', 'replace'] as const)(
  '%s: there before the host is, until it is proved; a failed change sets them back; nothing is left',
  async (onChange) => {
    const [first, rule, programs, last] = [{}, otherRule, otherPrograms, small].map((props) =>
      synth({ ...props, onChange }),
    ) as [Synthesized, Synthesized, Synthesized, Synthesized];
    const pointers = [first, rule, programs].map(({ parameters }) => Object.keys(parameters).filter(isPointer));
    expect(pointers.map((names) => names.length)).toEqual([1, 1, 1]);
    expect(new Set(pointers.flat()).size).toBe(3);
    const before = await inventory(endpoint);

    const one = await change(first, 'SUCCESS');
    const two = await change(rule, 'SUCCESS', { stack: first, deployed: one });
    expect(await stored()).toEqual(rule.parameters);
    const back = await change(programs, 'FAILURE', { stack: rule, deployed: two });
    expect(await stored()).toEqual(rule.parameters);
    expect(back.userData.equals(two.userData)).toBe(true);
    // The same change works the second time: nothing of the failure is in its way.
    const again = synth({ ...otherPrograms, onChange, attempt: 1 });
    const three = await change(again, 'SUCCESS', { stack: rule, deployed: back });
    expect(await stored()).toEqual(again.parameters);
    await change(last, 'SUCCESS', { stack: again, deployed: three });
    expect(await stored()).toEqual(last.parameters);

    await run(['destroy', 'Portway', '--force'], last).finished;
    expect(await stored()).toEqual({});
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
  await change(stack, 'SUCCESS');
  await run(['destroy', 'Portway', '--force'], stack).finished;
  expect(await stored()).toEqual({});
  expect(await inventory(endpoint)).toEqual(before);
});
