import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ValidateTemplateCommand } from '@aws-sdk/client-cloudformation';
import { BOOTSTRAP, CdkError, cdk } from '../../src/aws/cdk';
import { formationClient } from '../../src/aws/client';
import { type Deployed, readDeployed } from '../../src/aws/deployed';
import { type StartedEndpoint, startEndpoint } from '../../src/aws/endpoint';
import { inventory } from '../../src/aws/inventory';
import { PUBLIC_KEY, synthTiny, type TinyOptions, userDataText } from './tiny-stack';

jest.setTimeout(120_000);

let folder: string;
let endpoint: StartedEndpoint;

function app(options: TinyOptions): string {
  const outdir = join(folder, `app-${options.content}`);
  synthTiny(outdir, options);
  return outdir;
}

function run(args: string[], assembly: string) {
  return cdk(args, { endpoint, folder, log: join(folder, 'cdk.log'), app: assembly });
}

function deploy(assembly: string) {
  const outputs = ['--outputs-file', join(folder, 'outputs.json')];
  return run(['deploy', 'Tiny', '--require-approval', 'never', ...outputs], assembly);
}

const destroy = (assembly: string) => run(['destroy', 'Tiny', '--force'], assembly).finished;

function signalUrl(deployed: Deployed): string {
  return /SIGNAL_URL='([^']+)'/.exec(deployed.userData.toString())?.[1] ?? 'no URL in the user-data';
}

/** What a host sends, through the socket, bytes as they are. */
function send(
  url: string,
  body: string,
  extra: { method?: string; headers?: Record<string, string>; through?: StartedEndpoint } = {},
): Promise<{ status: number; text: string }> {
  const parsed = new URL(url);
  const headers = { Host: parsed.host, 'Content-Length': String(Buffer.byteLength(body)), ...extra.headers };
  return new Promise((done, failed) => {
    const sent = request(
      {
        socketPath: (extra.through ?? endpoint).signalSocket,
        method: extra.method ?? 'PUT',
        path: parsed.pathname + parsed.search,
        headers,
      },
      (answer) => {
        let text = '';
        answer.on('data', (chunk) => {
          text += chunk;
        });
        answer.on('end', () => done({ status: answer.statusCode ?? 0, text }));
      },
    );
    sent.on('error', failed);
    sent.end(body);
  });
}

const report = (status: string, reason: string, id: string) =>
  JSON.stringify({ Status: status, Reason: reason, UniqueId: id, Data: `data of ${id}` });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portway-aws-'));
  endpoint = await startEndpoint({ folder });
});

afterEach(async () => {
  await endpoint?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('a stack lives: deploy, change in place, bad change rolled back, destroy with nothing left', async () => {
  const first = app({ content: 'first' });
  await run([...BOOTSTRAP], first).finished;
  const before = await inventory(endpoint);

  // Deploy: it waits; everything can be read meanwhile.
  const deploying = deploy(first);
  const deployed = await readDeployed(endpoint, 'Tiny');
  const url = signalUrl(deployed);
  expect(deployed.userData.toString()).toBe(userDataText('first', url));
  expect(deployed).toMatchObject({
    instanceType: 't4g.micro',
    architecture: 'arm64',
    privateIp: '10.0.0.10',
    publicIp: '203.0.113.100',
    associated: false,
    publicKey: PUBLIC_KEY,
    rootDevice: '/dev/xvda',
    httpTokens: 'required',
    hopLimit: 1,
    subnetCidr: '10.0.0.0/24',
    vpcCidr: '10.0.0.0/16',
    outputs: {},
  });
  const any4 = { cidrs4: ['0.0.0.0/0'], cidrs6: [], others: [] };
  expect(deployed.securityGroups).toHaveLength(1);
  expect(deployed.securityGroups[0]).toMatchObject({
    ingress: [
      { protocol: 'tcp', fromPort: 80, toPort: 80, ...any4 },
      { protocol: 'udp', fromPort: 6000, toPort: 6010, cidrs4: [], cidrs6: ['::/0'], others: [] },
      { protocol: 'tcp', fromPort: 22, toPort: 22, cidrs4: ['203.0.113.7/32'], cidrs6: [], others: [] },
    ],
    egress: [
      { protocol: 'tcp', fromPort: 443, toPort: 443, ...any4 },
      { protocol: 'udp', fromPort: 53, toPort: 53, ...any4 },
    ],
  });

  // The signal's URL is as long as AWS's (467 characters for a stack name of 4 and an id of 17 letters), and as strict.
  expect(url.length - 'Handlefirst'.length - 'Tiny'.length).toBeGreaterThanOrEqual(467 - 17 - 4);
  const good = report('SUCCESS', 'ready', 'boot 1');
  expect(await send(url, good, { headers: { 'Content-Type': 'application/json' } })).toMatchObject({ status: 403 });
  expect(await send(url, good, { method: 'POST' })).toMatchObject({ status: 403 });
  expect(await send(url, '', { method: 'GET' })).toMatchObject({ status: 403 });
  expect(await send(url, good, { headers: { Host: 'elsewhere' } })).toMatchObject({ status: 403 });
  expect(await send(url.replace('Handlefirst', 'Handleother'), good)).toMatchObject({ status: 403 });
  expect(
    await send(
      url.replace(/.$/, (c) => (c === '0' ? '1' : '0')),
      good,
    ),
  ).toMatchObject({ status: 403 });
  expect(await send(url.replace('Expires=86399', 'Expires=86400'), good)).toMatchObject({ status: 403 });
  expect(await send(url.split('?')[0] ?? '', good)).toMatchObject({ status: 403 });
  expect(await send(url, 'x'.repeat(4097))).toMatchObject({ status: 400 });
  expect(await Promise.race([deploying.finished.then(() => 'done'), sleep(200, 'waits')])).toBe('waits');
  expect(await send(url, good, { headers: { 'Content-Type': '' } })).toEqual({ status: 200, text: '' });
  await deploying.finished;
  const outputsFile = join(folder, 'outputs.json');
  const running = await readDeployed(endpoint, 'Tiny', { outputsFile });
  expect(running.associated).toBe(true);
  expect(running.outputs).toEqual({ PublicAddress: '203.0.113.100', Report: '{"boot 1":"data of boot 1"}' });

  // New user-data: the same instance is stopped and started, under a new handle.
  const second = app({ content: 'second' });
  const changing = deploy(second);
  const changed = await readDeployed(endpoint, 'Tiny', { after: running });
  expect(changed.userData.toString()).toBe(userDataText('second', signalUrl(changed)));
  expect(changed).toMatchObject({ instanceId: running.instanceId, publicIp: running.publicIp, associated: true });
  // The old handle's URL still accepts signals, but they do not count for the new condition.
  expect(await send(url, report('FAILURE', 'late', 'boot 9'))).toMatchObject({ status: 200 });
  expect(await Promise.race([changing.finished.then(() => 'done'), sleep(500, 'waits')])).toBe('waits');
  await send(signalUrl(changed), report('SUCCESS', 'ready', 'boot 2'));
  await changing.finished;

  // A bad change fails with the host's own words, and the last good user-data is restored: one more start.
  const third = app({ content: 'third' });
  const failing = deploy(third);
  const bad = await readDeployed(endpoint, 'Tiny', { after: changed });
  const reason = `nginx: unknown directive "a|b" in 'x'`;
  await send(signalUrl(bad), report('FAILURE', reason, 'boot 3'));
  const error = await failing.finished.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(CdkError);
  expect((error as CdkError).lines).toEqual([
    `CREATE_FAILED AWS::CloudFormation::WaitCondition Conditionthird WaitCondition received failed message: '${reason}' for uniqueId: boot 3`,
  ]);
  const restored = await readDeployed(endpoint, 'Tiny', { after: bad });
  expect(restored).toMatchObject({ instanceId: running.instanceId, userData: changed.userData, associated: true });

  // Content that was deployed before reads its old signal, so nobody proves it, as AWS warns. (Hence Portway's attempt
  // number.)
  await deploy(first).finished;
  expect((await readDeployed(endpoint, 'Tiny', { outputsFile })).outputs.Report).toBe('{"boot 1":"data of boot 1"}');

  await destroy(first);
  expect(await inventory(endpoint)).toEqual(before);
});

test('without bootstrap: bad JSON, a timeout and an expired URL fail the deploy', async () => {
  const other = await mkdtemp(join(tmpdir(), 'portway-aws-'));
  const second = await startEndpoint({ folder: other });
  try {
    expect(second.url).not.toBe(endpoint.url);
    const assembly = app({ content: 'plain', timeout: 4, bootstrapless: true });
    const options = { folder: other, log: join(other, 'cdk.log'), app: assembly };
    const args = ['deploy', 'Tiny', '--require-approval', 'never'];
    const first = cdk(args, { ...options, endpoint });
    const late = cdk(args, { ...options, endpoint: second, log: join(other, 'late.log') });

    const deployed = await readDeployed(endpoint, 'Tiny');
    expect(await send(signalUrl(deployed), '{"Status":')).toMatchObject({ status: 200 });
    const url = signalUrl(await readDeployed(second, 'Tiny'));
    second.nextDay();
    // A command through a pipe may take a moment to arrive.
    await sleep(500);
    const answer = await send(url, report('SUCCESS', 'ready', 'late'), { through: second });
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('Request has expired');

    await expect(first.finished).rejects.toThrow('Unparsable WaitCondition data');
    await expect(late.finished).rejects.toThrow('WaitCondition timed out. Received 0 conditions when expecting 1');
    await destroy(assembly);
  } finally {
    await second.stop();
    await rm(other, { recursive: true, force: true });
  }
});

test('replacement: the address moves to the new instance only after its signal, the old one goes last', async () => {
  const options = { bootstrapless: true, replace: true };
  const [first, second, third] = ['first', 'second', 'third'].map((content) => app({ content, ...options })) as [
    string,
    string,
    string,
  ];
  const before = await inventory(endpoint);
  const deploying = deploy(first);
  await send(signalUrl(await readDeployed(endpoint, 'Tiny')), report('SUCCESS', 'ready', 'boot 1'));
  await deploying.finished;
  const old = await readDeployed(endpoint, 'Tiny');

  const failing = deploy(second);
  const bad = await readDeployed(endpoint, 'Tiny', { after: old });
  expect(bad).toMatchObject({ privateIp: '10.0.0.11', publicIp: old.publicIp, associated: false });
  expect(bad.instanceId).not.toBe(old.instanceId);
  await send(signalUrl(bad), report('FAILURE', 'no mirror', 'boot 2'));
  await expect(failing.finished).rejects.toThrow("'no mirror' for uniqueId: boot 2");
  expect(await readDeployed(endpoint, 'Tiny')).toEqual(old);

  const replacing = deploy(third);
  const next = await readDeployed(endpoint, 'Tiny', { after: old });
  await send(signalUrl(next), report('SUCCESS', 'ready', 'boot 3'));
  await replacing.finished;
  const now = await readDeployed(endpoint, 'Tiny');
  expect(now).toMatchObject({ instanceId: next.instanceId, publicIp: old.publicIp, associated: true });
  await destroy(third);
  expect(await inventory(endpoint)).toEqual(before);
});

test('61 rules of one family and direction in a security group are refused, 60 are not', async () => {
  // Three ingress rules are there already, one of them IPv6.
  const tooMany = app({ content: 'many', bootstrapless: true, moreRules: 59 });
  await expect(deploy(tooMany).finished).rejects.toThrow(
    'The maximum number of rules per security group has been reached.',
  );
  const enough = app({ content: 'enough', bootstrapless: true, moreRules: 58 });
  const deploying = deploy(enough);
  expect((await readDeployed(endpoint, 'Tiny')).securityGroups[0]?.ingress).toHaveLength(61);
  await deploying.kill();
});

test('the endpoint knows every type of resource that the canonical stacks have', async () => {
  const folders = join(__dirname, '..', '..', '..', 'test', 'snapshots', 'expected');
  const types = new Set<string>();
  for (const name of readdirSync(folders)) {
    const template = JSON.parse(readFileSync(join(folders, name, 'template.json'), 'utf8'));
    for (const { Type } of Object.values<{ Type: string }>(template.Resources)) types.add(Type);
  }
  expect(types.size).toBeGreaterThan(20);
  const client = formationClient(endpoint);
  const validate = (some: readonly string[]) =>
    client.send(
      new ValidateTemplateCommand({
        TemplateBody: JSON.stringify({ Resources: Object.fromEntries(some.map((Type, i) => [`R${i}`, { Type }])) }),
      }),
    );
  await expect(validate(['AWS::EC2::NoSuchThing'])).rejects.toThrow('Unrecognized resource types');
  await validate([...types]);
  client.destroy();
});

test('a destroy fails as on AWS when the instance does not depend on the gateway attachment', async () => {
  const assembly = app({ content: 'loose', bootstrapless: true, forgetAttachment: true });
  const deploying = deploy(assembly);
  await send(signalUrl(await readDeployed(endpoint, 'Tiny')), report('SUCCESS', 'ready', 'boot'));
  await deploying.finished;
  await expect(destroy(assembly)).rejects.toThrow('has some mapped public address(es)');
});

test("nothing of the user's AWS settings gets in, and nothing is sent to AWS", async () => {
  const saved = { ...process.env };
  Object.assign(process.env, {
    AWS_PROFILE: 'prod',
    AWS_ENDPOINT_URL_EC2: 'http://127.0.0.1:1',
    AWS_SESSION_TOKEN: 'real',
  });
  const other = await mkdtemp(join(tmpdir(), 'portway-aws-'));
  const fresh = await startEndpoint({ folder: other });
  try {
    expect(Object.keys(fresh.env)).not.toEqual(expect.arrayContaining(['AWS_PROFILE']));
    const log = join(other, 'cdk.log');
    await cdk([...BOOTSTRAP], { endpoint: fresh, folder: other, log, app: app({ content: 'own' }) }).finished;
    expect(await readFile(log, 'utf8')).toContain('aws://123456789012/us-east-1 bootstrapped');
  } finally {
    process.env = saved;
    await fresh.stop();
    await rm(other, { recursive: true, force: true });
  }
});

test('the endpoint ends with the process that started it, however that ends', async () => {
  const other = await mkdtemp(join(tmpdir(), 'portway-aws-'));
  const program = `
    const { startEndpoint } = require(${JSON.stringify(resolve(__dirname, '../../src/aws/endpoint.ts'))});
    startEndpoint({ folder: ${JSON.stringify(other)} }).then((e) => { console.log(e.pid); setInterval(() => {}, 1000); });`;
  const parent = spawn(process.execPath, ['--import', 'tsx', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pid = await new Promise<number>((done) => parent.stdout.once('data', (chunk) => done(Number(String(chunk)))));
  expect(existsSync(`/proc/${pid}`)).toBe(true);
  parent.kill('SIGKILL');
  for (let tries = 0; existsSync(`/proc/${pid}`) && tries < 50; tries++) await sleep(100);
  expect(existsSync(`/proc/${pid}`)).toBe(false);
  await rm(other, { recursive: true, force: true });
});
