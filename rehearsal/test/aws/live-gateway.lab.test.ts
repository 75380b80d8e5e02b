import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { App, DefaultStackSynthesizer } from 'aws-cdk-lib';
import { Forward } from '../../../lib/forward/forward';
import { PortwayStack } from '../../../lib/portway-stack';
import type { PortwayStackProps } from '../../../lib/portway-stack-props';
import { PUBLIC_KEY } from '../../../test/snapshots/canonical';
import { featureFlags } from '../../../test/snapshots/synthesize';
import { BOOTSTRAP, type CdkError, type CdkRun, cdk } from '../../src/aws/cdk';
import { contentOf, type Deployed, readDeployed } from '../../src/aws/deployed';
import { type StartedEndpoint, startEndpoint } from '../../src/aws/endpoint';
import { inventory } from '../../src/aws/inventory';
import { REGION } from '../../src/aws/settings';
import { roleKeys } from '../../src/services/instance';
import { report } from '../support/report';
import { signalResource } from '../support/signal-resource';

/* Portway's own stack with live changes through the local endpoint. No host is booted: the test reads and signals as one does. */
jest.setTimeout(180_000);

const tcp = (listen: number) => Forward.tcp({ listen, to: 8080, engine: 'iptables' });
const base: PortwayStackProps = {
  ...{ adminCidr: '203.0.113.7/32', sshPublicKey: PUBLIC_KEY },
  forwards: { web: tcp(80), site: Forward.http({ listen: 81, to: '10.0.1.20:8080' }) },
};
const other = { forwards: { web: tcp(80), site: Forward.http({ listen: 82, to: '10.0.1.20:8080' }) } };

let folder: string;
let endpoint: StartedEndpoint;
let assemblies = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portway-live-'));
  endpoint = await startEndpoint({ folder });
  // With both engines and much besides, a template is too large to be sent without a bucket.
  await cli(BOOTSTRAP, synth()).finished;
});

afterEach(async () => {
  await endpoint?.stop();
  await rm(folder, { recursive: true, force: true });
});

function synth(props: Partial<PortwayStackProps> = {}): string {
  const outdir = join(folder, `app-${assemblies++}`);
  const app = new App({ outdir, context: { ...featureFlags(), '@aws-cdk/core:target-partitions': ['aws'] } });
  new PortwayStack(app, 'Portway', { ...base, ...props, synthesizer: new DefaultStackSynthesizer() as never });
  app.synth();
  return outdir;
}

const cli = (args: readonly string[], app: string) =>
  cdk(args, { endpoint, folder, log: join(folder, 'cdk.log'), app });

function run(command: 'deploy' | 'destroy', props: Partial<PortwayStackProps> = {}) {
  const flags = command === 'destroy' ? ['--force'] : ['--require-approval', 'never'];
  return cli([command, 'Portway', ...flags], synth(props));
}

/** The instance that a deploy makes, as soon as it is there. @throws Error of a deploy that fails before */
function launched({ finished }: CdkRun, after?: Deployed): Promise<Deployed> {
  const failure = new AbortController();
  finished.catch((error: unknown) => failure.abort(error));
  return readDeployed(endpoint, 'Portway', { abort: failure.signal, ...(after === undefined ? {} : { after }) });
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

interface Pointer {
  readonly content: string;
  /** Logical id of the condition that waits. */
  readonly live: string;
  /** Short hashes and names of the parts. */
  readonly files: readonly (readonly [string, string, string])[];
}

interface Read extends Pointer {
  /** Texts of the parts by name. */
  readonly parts: Readonly<Record<string, string>>;
}

/** Parameters as the host reads them: with its role's keys. */
async function parameters({ instanceId }: Deployed, names: readonly string[]): Promise<Map<string, string>> {
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken } = roleKeys(instanceId);
  const credentials = { accessKeyId, secretAccessKey, sessionToken };
  const client = new SSMClient({ endpoint: endpoint.url, region: REGION, credentials });
  const found = new Map<string, string>();
  for (let start = 0; start < names.length; start += 10) {
    const command = new GetParametersCommand({ Names: names.slice(start, start + 10) });
    const { Parameters = [], InvalidParameters } = await client.send(command);
    expect(InvalidParameters).toEqual([]);
    for (const { Name = '', Value = '' } of Parameters) found.set(Name, Value);
  }
  client.destroy();
  return found;
}

/** The name of the pointer that an instance's user-data names. */
const pointerOf = ({ userData }: Deployed) =>
  /^PORTWAY_POINTER='([^']+)'$/m.exec(userData.toString())?.[1] ?? 'no pointer in the user-data';

/** What an instance's pointer says, with its sum checked. */
async function readPointer(instance: Deployed): Promise<Pointer> {
  const name = pointerOf(instance);
  const text = (await parameters(instance, [name])).get(name) ?? '';
  const [first = '', ...lines] = text.split('\n');
  const { content, live } = JSON.parse(first) as Pick<Pointer, 'content' | 'live'>;
  expect(sha256(lines.join('\n'))).toBe(content);
  return { content, live, files: lines.map((line) => line.split(' ') as [string, string, string]) };
}

/** Reads the content as an instance does, and checks all sums. */
async function readAsHost(instance: Deployed): Promise<Read> {
  const pointer = await readPointer(instance);
  const place = pointerOf(instance).split('/').slice(0, -2).join('/');
  const names = pointer.files.flatMap(([, count, name]) =>
    Array.from({ length: Number(count) }, (_, i) => `${name}.${i + 1}`),
  );
  const found = await parameters(
    instance,
    names.map((name) => `${place}/${name}`),
  );
  const parts = Object.fromEntries(names.map((name) => [name, found.get(`${place}/${name}`) ?? '']));
  for (const [sum, , file] of pointer.files) {
    const own = names.filter((name) => name.replace(/\.\d+$/, '') === file).map((name) => parts[name]);
    expect(sha256(own.join('')).slice(0, 32)).toBe(sum);
  }
  return { ...pointer, parts };
}

/** Waits until the instance's tag names another content than before, and reads that one. */
async function heard(before: Deployed): Promise<Read> {
  for (let tries = 0; tries < 300; tries++) {
    const now = await readDeployed(endpoint, 'Portway');
    if (contentOf(now) !== contentOf(before)) {
      expect([now.instanceId, now.launchTime, now.userData]).toEqual([
        before.instanceId,
        before.launchTime,
        before.userData,
      ]);
      const read = await readAsHost(now);
      expect(read.content).toBe(contentOf(now));
      return read;
    }
    await sleep(50);
  }
  throw new Error('the tag never changed');
}

/** What an instance's pointer says, as soon as that is another content than before. */
async function polled(instance: Deployed, before: Pointer): Promise<Pointer> {
  for (let tries = 0; tries < 300; tries++) {
    const pointer = await readPointer(instance);
    if (pointer.content !== before.content) return pointer;
    await sleep(50);
  }
  throw new Error('the pointer never changed');
}

async function signal(resource: string, status: 'SUCCESS' | 'FAILURE', uniqueId: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if ((await signalResource(endpoint, { stack: 'Portway', resource, status, uniqueId })).status === 200) return;
    await sleep(50);
  }
  throw new Error(`the signal to ${resource} was never accepted`);
}

const ports = ({ securityGroups }: Deployed) =>
  securityGroups[0]?.ingress.map(({ fromPort }) => fromPort ?? 0).sort((a, b) => a - b);

test('a change reaches the running host in order, waits for its proof, and goes back when it fails', async () => {
  const before = await inventory(endpoint);
  const deploying = run('deploy');
  const booting = await launched(deploying);
  expect(booting.userData.length).toBeLessThanOrEqual(4096);
  const first = await readAsHost(booting);
  expect(first.content).toBe(contentOf(booting));
  const lines = ({ parts }: Read) => [1, 2, 3].map((part) => parts[`etc/nginx/nginx.conf.${part}`] ?? '').join('\n');
  expect(lines(first)).toContain('listen 81');
  expect(await report(endpoint, booting, 'SUCCESS')).toBe(200);
  await signal(first.live, 'SUCCESS', `${booting.instanceId}`);
  await deploying.finished;
  const running = await readDeployed(endpoint, 'Portway');
  expect(running.associated).toBe(true);

  const changing = run('deploy', other);
  const second = await heard(running);
  expect(lines(second)).toContain('listen 82');
  // The programs are the same, and what is no longer let in goes after the proof.
  expect(second.parts['programs.1']).toBe(first.parts['programs.1']);
  expect(ports(await readDeployed(endpoint, 'Portway'))).toEqual([22, 80, 81, 82]);
  await signal(second.live, 'SUCCESS', `${running.instanceId}`);
  await changing.finished;
  const changed = await readDeployed(endpoint, 'Portway');
  expect(ports(changed)).toEqual([22, 80, 82]);

  // Back to the first, and it fails: its condition has the id that was proved once, and waits all the same.
  const failing = run('deploy');
  const again = await heard(changed);
  expect([again.content, again.live]).toEqual([first.content, first.live]);
  expect(await Promise.race([failing.finished.then(() => 'done'), sleep(700, 'waits')])).toBe('waits');
  await signal(again.live, 'FAILURE', `${running.instanceId} nginx: port 81 is held by apache2`);
  const error = (await failing.finished.catch((failure: unknown) => failure)) as CdkError;
  expect(error.lines.join('\n')).toContain(`UniqueId ${running.instanceId} nginx: port 81 is held by apache2`);
  const back = await readDeployed(endpoint, 'Portway');
  expect([contentOf(back), ports(back), (await readAsHost(back)).content]).toEqual([
    second.content,
    [22, 80, 82],
    second.content,
  ]);

  await run('destroy', other).finished;
  expect(await inventory(endpoint)).toEqual(before);
});

test('machine and content in one deploy: the old host hears nothing that it could prove for its successor', async () => {
  const deploying = run('deploy');
  const old = await launched(deploying);
  const first = await readAsHost(old);
  await report(endpoint, old, 'SUCCESS');
  await signal(first.live, 'SUCCESS', old.instanceId);
  await deploying.finished;

  const replacing = run('deploy', { ...other, diskGiB: 12 });
  const next = await launched(replacing, old);
  expect(next.instanceId).not.toBe(old.instanceId);
  const second = await readAsHost(next);
  expect(second.content).not.toBe(first.content);
  // The old one's pointer is another, and still says what it runs.
  expect((await readPointer(old)).content).toBe(first.content);
  await report(endpoint, next, 'SUCCESS');
  await signal(second.live, 'SUCCESS', next.instanceId);
  await replacing.finished;
  expect(await readDeployed(endpoint, 'Portway')).toMatchObject({ instanceId: next.instanceId, associated: true });
});

test("liveTrigger 'poll': no tag is shown, tags may have spaces, and the trigger changes without a restart", async () => {
  const poll = { liveTrigger: 'poll', tags: { 'Cost Center': 'a/b' } } as const;
  const deploying = run('deploy', poll);
  const booting = await launched(deploying);
  const first = await readAsHost(booting);
  expect(booting.metadataTags).toBeUndefined();
  await report(endpoint, booting, 'SUCCESS');
  await signal(first.live, 'SUCCESS', booting.instanceId);
  await deploying.finished;

  const changing = run('deploy', { ...poll, ...other });
  const second = await polled(booting, first);
  await signal(second.live, 'SUCCESS', booting.instanceId);
  await changing.finished;

  // Nothing else changes, so there is nothing to prove.
  await run('deploy', other).finished;
  const tagged = await readDeployed(endpoint, 'Portway');
  expect(contentOf(tagged)).toBe(second.content);
  await run('deploy', { ...poll, ...other }).finished;
  const same = await readDeployed(endpoint, 'Portway');
  expect(same.metadataTags).toBeUndefined();
  for (const now of [tagged, same])
    expect([now.instanceId, now.launchTime, now.userData]).toEqual([
      booting.instanceId,
      booting.launchTime,
      booting.userData,
    ]);
});

test('from restart to live and back: the same host at the same address, restarted once each way', async () => {
  const before = await inventory(endpoint);
  const deploying = run('deploy', { onChange: 'restart' });
  const today = await launched(deploying);
  await report(endpoint, today, 'SUCCESS');
  await deploying.finished;

  // With log groups, which come and go with the prop.
  const monitoring = { cloudWatch: {}, logs: { access: true } };
  const groups = async () => (await inventory(endpoint)).filter((one) => one.startsWith('log group '));
  const upgrading = run('deploy', { monitoring });
  const upgraded = await launched(upgrading, today);
  expect(upgraded).toMatchObject({ instanceId: today.instanceId, publicIp: today.publicIp });
  expect(upgraded.userData.length).toBeLessThanOrEqual(4096);
  const { live } = await readAsHost(upgraded);
  await report(endpoint, upgraded, 'SUCCESS');
  await signal(live, 'SUCCESS', today.instanceId);
  await upgrading.finished;
  expect(await readDeployed(endpoint, 'Portway')).toMatchObject({ instanceId: today.instanceId, associated: true });
  expect(await groups()).toEqual(['log group /portway/Portway', 'log group /portway/Portway/logs']);

  const going = run('deploy', { onChange: 'restart' });
  const back = await launched(going, upgraded);
  expect(back.instanceId).toBe(today.instanceId);
  // AWS may count the first report of this content, as the local endpoint does.
  await report(endpoint, back, 'SUCCESS');
  await going.finished;
  expect(back.metadataTags).toBeUndefined();
  expect(await groups()).toEqual([]);
  await run('destroy', { onChange: 'restart' }).finished;
  expect(await inventory(endpoint)).toEqual(before);
});
