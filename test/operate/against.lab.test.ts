import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { App, LegacyStackSynthesizer } from 'aws-cdk-lib';
import spawn, { type SubprocessError } from 'nano-spawn';
import { Forward } from '../../lib/forward/forward';
import { PortwayStack } from '../../lib/portway-stack';
import type { PortwayStackProps } from '../../lib/portway-stack-props';
import { cdk } from '../../rehearsal/src/aws/cdk';
import { type Deployed, readDeployed } from '../../rehearsal/src/aws/deployed';
import { type StartedEndpoint, startEndpoint } from '../../rehearsal/src/aws/endpoint';
import { proveContents } from '../../rehearsal/test/support/prove-contents';
import { report } from '../../rehearsal/test/support/report';
import { PUBLIC_KEY } from '../snapshots/canonical';
import { featureFlags } from '../snapshots/synthesize';
import { schemaErrors } from '../support/json-schema';

/*
 * What portway plan --against deployed tells, and then the deploy does: with the real CLI, against the local endpoint. No host is
 * booted; the test reports instead.
 */
jest.setTimeout(300_000);

let folder: string;
let endpoint: StartedEndpoint;
let assemblies = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portway-against-'));
  endpoint = await startEndpoint({ folder });
});

afterAll(async () => {
  await endpoint?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A cloud assembly with the stack. */
function synth(stackName: string, props: Partial<PortwayStackProps>): string {
  const outdir = join(folder, `app-${assemblies++}`);
  const app = new App({ outdir, context: { ...featureFlags(), '@aws-cdk/core:target-partitions': ['aws'] } });
  new PortwayStack(app, stackName, {
    ...{ adminCidr: '203.0.113.7/32', sshPublicKey: PUBLIC_KEY, engine: 'iptables' },
    forwards: { web: Forward.tcp({ listen: 80, to: 8080 }) },
    ...props,
    synthesizer: new LegacyStackSynthesizer() as never,
  });
  app.synth();
  return outdir;
}

async function told(assembly: string, ...flags: string[]): Promise<{ code: number; text: string }> {
  const app = ['--app', `cp -r ${assembly}/. "$CDK_OUTDIR"`];
  const command = ['bin/portway.js', 'plan', '--against', 'deployed', ...app, ...flags];
  try {
    return { code: 0, text: (await spawn(process.execPath, command, { env: endpoint.env })).output };
  } catch (error) {
    const { exitCode = -1, output } = error as SubprocessError;
    return { code: exitCode, text: output };
  }
}

/** The host of the sum, from the JSON. */
async function toldHost(stackName: string, assembly: string): Promise<string | undefined> {
  const { text } = await told(assembly, '--json');
  expect(schemaErrors('against', text)).toEqual([]);
  return (JSON.parse(text) as Record<string, { host: string } | null>)[stackName]?.host;
}

/** Deploys, and reports in the place of a host as often as one is asked. @returns the gateway after it */
async function deploy(stackName: string, assembly: string): Promise<Deployed> {
  const before = await readDeployed(endpoint, stackName, { timeout: 0 }).catch(() => undefined);
  const args = ['deploy', stackName, '--require-approval', 'never'];
  let isOver = false;
  const { finished } = cdk(args, { endpoint, folder, log: join(folder, 'cdk.log'), app: assembly });
  const ended = finished.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    const now = await readDeployed(endpoint, stackName, { timeout: 0 }).catch(() => undefined);
    if (now !== undefined) await answer(now, before);
    await proveContents(endpoint, stackName, join(assembly, `${stackName}.template.json`));
    await Promise.race([sleep(200), ended.catch(() => undefined)]);
  }
  await ended;
  return readDeployed(endpoint, stackName);
}

/** The boot's report, to a URL that is new. */
async function answer(now: Deployed, before: Deployed | undefined): Promise<void> {
  if (now.userData.toString() !== before?.userData.toString() || now.instanceId !== before.instanceId)
    await report(endpoint, now, 'SUCCESS').catch(() => undefined);
}

const restart = { onChange: 'restart' } as const;
const forwards = (to: number) => ({ forwards: { web: Forward.tcp({ listen: 80, to }) } });

test('with restart: nothing, a restart, the way to live changes and a replacement are told, and then happen', async () => {
  const first = synth('Rest', restart);
  expect(await told(first)).toEqual({
    code: 0,
    text: 'Stack Rest is not deployed: cdk deploy creates all of it, with a new address.',
  });
  const deployed = await deploy('Rest', first);
  expect(await told(first)).toEqual({ code: 0, text: 'Stack Rest, compared with what is deployed: no changes.' });

  const admin = synth('Rest', { ...restart, adminCidr: '203.0.113.8/32' });
  expect((await told(admin)).text).toMatch(/^adminCidr +- tcp 22 from 203\.0\.113\.7\/32 +nothing$/m);
  expect(await toldHost('Rest', admin)).toBe('nothing');
  const untouched = await deploy('Rest', admin);
  expect([untouched.instanceId, untouched.launchTime]).toEqual([deployed.instanceId, deployed.launchTime]);

  const port = synth('Rest', { ...restart, adminCidr: '203.0.113.8/32', ...forwards(9090) });
  expect((await told(port)).text).toMatch(/^forward web +to 8080 -> 9090 +restart$/m);
  const restarted = await deploy('Rest', port);
  expect(restarted.instanceId).toBe(deployed.instanceId);
  expect(restarted.launchTime.getTime()).toBeGreaterThan(deployed.launchTime.getTime());

  // A stack from before live changes were the default, whose app never named onChange.
  const upgrade = { adminCidr: '203.0.113.8/32', ...forwards(9090) };
  const live = synth('Rest', upgrade);
  expect((await told(live)).text).toMatch(/^onChange +restart -> live +restart$/m);
  expect(await toldHost('Rest', live)).toBe('restart');
  const upgraded = await deploy('Rest', live);
  expect([upgraded.instanceId, upgraded.publicIp]).toEqual([deployed.instanceId, deployed.publicIp]);
  expect(upgraded.launchTime.getTime()).toBeGreaterThan(restarted.launchTime.getTime());

  const disk = synth('Rest', { ...upgrade, diskGiB: 20 });
  expect(await toldHost('Rest', disk)).toBe('replace');
  const replaced = await deploy('Rest', disk);
  expect(replaced.instanceId).not.toBe(deployed.instanceId);
  expect([replaced.publicIp, replaced.associated]).toEqual([deployed.publicIp, true]);
});

test('with live: a changed forward leaves the instance alone, another type restarts it', async () => {
  const deployed = await deploy('Live', synth('Live', {}));
  const port = synth('Live', forwards(9090));
  expect((await told(port)).text).toMatch(/^forward web +to 8080 -> 9090 +live$/m);
  expect(await toldHost('Live', port)).toBe('live');
  const changed = await deploy('Live', port);
  expect([changed.instanceId, changed.launchTime, changed.userData]).toEqual([
    deployed.instanceId,
    deployed.launchTime,
    deployed.userData,
  ]);
  expect(await told(port)).toMatchObject({ text: expect.stringContaining('no changes') });

  const type = synth('Live', { ...forwards(9090), instanceType: 't4g.small' });
  expect((await told(type)).text).toMatch(/^instanceType .* restart +EC2 changes the type of a stopped/m);
  const restarted = await deploy('Live', type);
  expect(restarted.instanceId).toBe(deployed.instanceId);
  expect(restarted.launchTime.getTime()).toBeGreaterThan(deployed.launchTime.getTime());
});
