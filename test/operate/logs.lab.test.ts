import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { App, LegacyStackSynthesizer } from 'aws-cdk-lib';
import spawn, { type SubprocessError } from 'nano-spawn';
import { Forward } from '../../lib/forward/forward';
import { PortwayStack } from '../../lib/portway-stack';
import type { PortwayStackProps } from '../../lib/portway-stack-props';
import { CdkError, cdk } from '../../rehearsal/src/aws/cdk';
import { readDeployed } from '../../rehearsal/src/aws/deployed';
import { type StartedEndpoint, startEndpoint } from '../../rehearsal/src/aws/endpoint';
import { proveContents } from '../../rehearsal/test/support/prove-contents';
import { report } from '../../rehearsal/test/support/report';
import { PUBLIC_KEY } from '../snapshots/canonical';
import { featureFlags } from '../snapshots/synthesize';
import { schemaErrors } from '../support/json-schema';

/*
 * The real command against the local endpoint, after deploys with the real CLI. No host is booted: the test reports, and writes what
 * a host's console would show.
 */
jest.setTimeout(300_000);

let folder: string;
let endpoint: StartedEndpoint;
let assemblies = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portway-logs-'));
  endpoint = await startEndpoint({ folder });
});

afterEach(async () => {
  await endpoint?.stop();
  await rm(folder, { recursive: true, force: true });
});

function synth(to: number, props: Partial<PortwayStackProps> = {}): string {
  const outdir = join(folder, `app-${assemblies++}`);
  const app = new App({ outdir, context: { ...featureFlags(), '@aws-cdk/core:target-partitions': ['aws'] } });
  new PortwayStack(app, 'Portway', {
    ...{ adminCidr: '203.0.113.7/32', sshPublicKey: PUBLIC_KEY, engine: 'iptables' },
    forwards: { web: Forward.tcp({ listen: 80, to }) },
    synthesizer: new LegacyStackSynthesizer() as never,
    ...props,
  });
  app.synth();
  return outdir;
}

function portway(assembly: string, ...flags: string[]) {
  const command = ['bin/portway.js', 'logs', ...flags, '--app', `cp -r ${assembly}/. "$CDK_OUTDIR"`];
  return spawn(process.execPath, command, { env: { ...endpoint.env, TMPDIR: folder } });
}

async function logs(assembly: string, ...flags: string[]): Promise<{ code: number; lines: readonly string[] }> {
  try {
    return { code: 0, lines: (await portway(assembly, ...flags)).output.split('\n') };
  } catch (error) {
    const { exitCode = -1, output } = error as SubprocessError;
    return { code: exitCode, lines: output.split('\n') };
  }
}

const deploy = (app: string) =>
  cdk(['deploy', 'Portway', '--require-approval', 'never'], { endpoint, folder, log: join(folder, 'cdk.log'), app });

const restart = { onChange: 'restart' } as const;

test('shows the words of a deploy that succeeded, and of one that failed, the failure first', async () => {
  const first = synth(8080, restart);
  expect(await logs(first)).toEqual({
    code: 2,
    lines: ['Portway is not deployed here: look at the output of cdk deploy'],
  });
  const deploying = deploy(first);
  const host = await readDeployed(endpoint, 'Portway');
  await report(endpoint, host, 'SUCCESS');
  await deploying.finished;
  const quiet = await logs(first);
  expect(quiet.code).toBe(0);
  expect(quiet.lines).toEqual([
    'Portway is CREATE_COMPLETE',
    `console of ${host.instanceId} (running): EC2 has no text of it yet`,
    expect.stringMatching(/^all of it, on the host: ssh admin@[\d.]+ sudo cat \/var\/log\/portway\/bootstrap\.log$/),
  ]);

  const console = join(folder, 'console.log');
  await writeFile(
    console,
    [
      '[    0.000000] Linux version 6.12',
      'portway 2026-11-30T01:00:00Z packages',
      'E: Unable to locate package iptables',
      'portway 2026-11-30T01:00:09Z FAILED: packages: E: Unable to locate package iptables',
      'Debian GNU/Linux 13 login: ',
    ].join('\r\n'),
  );
  endpoint.showConsole(host.instanceId, console);
  const second = synth(9090, restart);
  const failing = deploy(second);
  await report(endpoint, await readDeployed(endpoint, 'Portway', { after: host }), 'FAILURE');
  await expect(failing.finished).rejects.toThrow('said the test');
  const { code, lines } = await logs(second);
  expect(code).toBe(1);
  expect(lines.slice(0, 3)).toEqual([
    expect.stringMatching(
      /^CloudFormation: CREATE_FAILED GatewayProofCondition\w+ \(AWS::CloudFormation::WaitCondition\): .*said the test/,
    ),
    `${host.instanceId}: FAILED: packages: E: Unable to locate package iptables`,
    'Portway is UPDATE_ROLLBACK_COMPLETE',
  ]);
  expect(lines).toContain('  E: Unable to locate package iptables');
  expect(lines.join('\n')).not.toContain('Linux version');
  const json = await logs(second, '--json');
  expect(json.code).toBe(1);
  expect(schemaErrors('logs', json.lines.join('\n'))).toEqual([]);
  expect(JSON.parse(json.lines.join('\n'))).toEqual({
    stackName: 'Portway',
    status: 'UPDATE_ROLLBACK_COMPLETE',
    failures: [expect.stringContaining('said the test')],
    hosts: expect.arrayContaining([
      {
        id: host.instanceId,
        state: 'running',
        words: {
          failure: 'FAILED: packages: E: Unable to locate package iptables',
          lines: expect.arrayContaining(['E: Unable to locate package iptables']),
        },
      },
    ]),
    ssh: expect.stringMatching(/^ssh admin@[\d.]+$/),
  });
});

/** Does something again and again until a condition holds. */
async function until(holds: () => boolean, work: () => Promise<void> = async () => undefined): Promise<void> {
  while (!holds()) {
    await work();
    await sleep(200);
  }
}

test('--follow shows a live change as it goes, each line once, until it is interrupted', async () => {
  const first = synth(8080);
  const deploying = deploy(first);
  const host = await readDeployed(endpoint, 'Portway');
  await report(endpoint, host, 'SUCCESS');
  let isOver = false;
  const over = deploying.finished.finally(() => {
    isOver = true;
  });
  await until(
    () => isOver,
    () => proveContents(endpoint, 'Portway', join(first, 'Portway.template.json')),
  );
  await over;
  const begin = ['portway 2026-11-30T01:00:00Z packages', 'portway 2026-11-30T01:00:09Z forwards are up'];
  const console = join(folder, 'console.log');
  await writeFile(console, begin.join('\n'));
  endpoint.showConsole(host.instanceId, console);

  const following = portway(first, '--follow');
  let text = '';
  const child = await following.nodeChildProcess;
  child.stdout?.on('data', (chunk) => {
    text += chunk;
  });
  await until(() => text.includes('forwards are up'));
  const second = synth(9090);
  let error: unknown;
  deploy(second).finished.catch((failed: unknown) => {
    error = failed;
  });
  const refused = 'portway 2026-11-30T01:05:00Z FAILED: rules: refused';
  await writeFile(console, [...begin, refused].join('\n'));
  const template = join(second, 'Portway.template.json');
  await until(
    () => error !== undefined,
    () => proveContents(endpoint, 'Portway', template, 'FAILURE'),
  );
  expect(error).toBeInstanceOf(CdkError);
  await until(() => text.includes('Portway is UPDATE_ROLLBACK_COMPLETE'));
  child.kill('SIGINT');
  await expect(following).rejects.toMatchObject({ exitCode: 1 });
  expect(text).toMatch(/^Portway is CREATE_COMPLETE$/m);
  expect(text).toMatch(
    /^CloudFormation: CREATE_FAILED GatewayLiveProofCondition\w+ .*Received FAILURE signal with UniqueId/m,
  );
  expect(text).toContain(`${host.instanceId}: FAILED: rules: refused`);
  for (const line of [...begin, refused]) expect(text.split('\n').filter((one) => one.trim() === line)).toHaveLength(1);
  // The app that was synthesized for it is gone.
  expect((await readdir(folder)).filter((name) => name.startsWith('portway-app-'))).toEqual([]);
});
