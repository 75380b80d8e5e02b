import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  GetParameterCommand,
  GetParameterHistoryCommand,
  GetParametersCommand,
  LabelParameterVersionCommand,
  PutParameterCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import { type CdkError, cdk } from '../../src/aws/cdk';
import { ssmClient } from '../../src/aws/client';
import { readDeployed } from '../../src/aws/deployed';
import { type StartedEndpoint, startEndpoint } from '../../src/aws/endpoint';
import { inventory } from '../../src/aws/inventory';
import { Cleanup } from '../../src/cleanup';
import { Instances } from '../../src/instances';
import type { Lab, LabInstance } from '../../src/lab';
import { signalResource } from '../support/signal-resource';
import { type LiveOptions, PART, POINTER, synthLive } from './live-stack';

/*
 * What changes without a restart need of AWS, as strict as AWS is: through the real CLI, on a stack of our own. No host
 * is booted; the test signals in its place.
 */
jest.setTimeout(120_000);

let folder: string;
let endpoint: StartedEndpoint;
let assemblies = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portway-live-'));
  endpoint = await startEndpoint({ folder });
});

afterEach(async () => {
  await endpoint?.stop();
  await rm(folder, { recursive: true, force: true });
});

function run(command: string, options: LiveOptions) {
  const assembly = join(folder, `app-${assemblies++}`);
  synthLive(assembly, options);
  const flags = command === 'destroy' ? ['--force'] : ['--require-approval', 'never'];
  return cdk([command, 'Tiny', ...flags], { endpoint, folder, log: join(folder, 'cdk.log'), app: assembly });
}

const deploy = (options: LiveOptions) => run('deploy', options);
const signal = (content: string, status: 'SUCCESS' | 'FAILURE' = 'SUCCESS', uniqueId = 'i-0123456789abcdef0') =>
  signalResource(endpoint, { stack: 'Tiny', resource: `Live${content}`, status, uniqueId });

/** Signals as a host does: again until it is accepted. */
async function signalled(...signalled: Parameters<typeof signal>): Promise<void> {
  // The CLI alone takes long to start on a busy machine.
  for (let tries = 0; tries < 1000; tries++) {
    const { status, text } = await signal(...signalled);
    if (status === 200) return;
    expect(text).toContain('<Code>ValidationError</Code>');
    await sleep(50);
  }
  throw new Error('the signal was never accepted');
}

async function deployed(options: LiveOptions): Promise<void> {
  const deploying = deploy(options);
  await signalled(options.content);
  await deploying.finished;
}

/** What a failed deploy shows its user. */
const lines = (error: unknown) => (error as CdkError).lines.join('\n');

async function value(name: string): Promise<string | undefined> {
  const client = ssmClient(endpoint);
  const { Parameter } = await client.send(new GetParameterCommand({ Name: name }));
  client.destroy();
  return Parameter?.Value;
}

const ports = async () =>
  (await readDeployed(endpoint, 'Tiny')).securityGroups[0]?.ingress.map(({ fromPort }) => fromPort).sort();

test('a signal counts only while its condition waits; failures and lateness are told, and roll back', async () => {
  const before = await inventory(endpoint);
  expect((await signal('first')).text).toContain('Stack [Tiny] does not exist');
  const deploying = deploy({ content: 'first' });
  await signalled('first');
  await deploying.finished;
  // Another signal of a proved content, and one of a stack that is at rest.
  const over = await signal('first');
  expect(over).toMatchObject({ status: 400 });
  expect(over.text).toMatch(
    /Stack arn:aws:cloudformation:\S+:stack\/Tiny\/\S+ is in CREATE_COMPLETE state and cannot be signaled/,
  );

  const changing = deploy({ content: 'second', timeout: 90 });
  await sleep(500);
  // Neither a name that waits for nothing, nor what has no status or too long an id.
  expect((await signal('first')).status).toBe(400);
  expect((await signal('second', 'MAYBE' as never)).text).toContain('Member must satisfy enum value set');
  expect((await signal('second', 'SUCCESS', 'x'.repeat(65))).text).toContain('length less than or equal to 64');
  const cause = 'i-0123456789abcdef0 nginx: port 80 is held by <apache2> & co';
  expect(cause.length).toBeLessThanOrEqual(64);
  await signalled('second', 'FAILURE', cause);
  const error = await changing.finished.catch((failure: unknown) => failure);
  expect(lines(error)).toBe(
    `CREATE_FAILED AWS::CloudFormation::WaitCondition Livesecond Received FAILURE signal with UniqueId ${cause}`,
  );
  expect([await value(PART), await value(POINTER)]).toEqual(['first', 'first']);
  expect((await readDeployed(endpoint, 'Tiny')).metadataTags).toMatchObject({ 'portway:content': 'first' });

  // The same content again begins anew: the failure that it met is forgotten.
  await deployed({ content: 'second' });
  expect(await value(PART)).toBe('second');
  const late = await deploy({ content: 'third', timeout: 2 }).finished.catch((failure: unknown) => failure);
  expect(lines(late)).toContain('Failed to receive 1 resource signal(s) within the specified duration');

  // Back to what was proved before: it waits for a signal of its own.
  const back = deploy({ content: 'first' });
  await sleep(1500);
  expect(await Promise.race([back.finished.then(() => 'done'), sleep(500, 'waits')])).toBe('waits');
  await signalled('first');
  await back.finished;
  await run('destroy', { content: 'first' }).finished;
  expect(await inventory(endpoint)).toEqual(before);
});

test('parts, tags and rules change in place, in an order that loses nothing; the machine runs on', async () => {
  const notes: string[] = [];
  const cleanup = new Cleanup();
  const instances = Instances.follow({ endpoint, stack: 'Tiny', lab: notingLab(notes), cleanup, interval: 20 });
  await deployed({ content: 'first', ports: { 80: 'web', 81: 'other' } });
  const first = await readDeployed(endpoint, 'Tiny');
  await instances.settled();
  expect(notes.splice(0)).toEqual(['launched with portway:content first', 'on']);

  const changing = deploy({ content: 'second', ports: { 80: 'our web', 82: 'new' } });
  while ((await readDeployed(endpoint, 'Tiny')).metadataTags?.['portway:content'] !== 'second') await sleep(20);
  // The tag comes last, and what is no longer wanted goes after the proof.
  expect([await value(PART), await value(POINTER), await ports()]).toEqual(['second', 'second', [80, 81, 82]]);
  await signalled('second');
  await changing.finished;
  expect(await ports()).toEqual([80, 82]);
  await instances.settled();
  expect(notes).toEqual(expect.arrayContaining(['rules 80 81 82', 'tags second', 'rules 80 82']));
  expect(notes.filter((note) => !/^(rules|tags) /.test(note))).toEqual([]);
  const second = await readDeployed(endpoint, 'Tiny');
  expect([second.instanceId, second.launchTime]).toEqual([first.instanceId, first.launchTime]);
  expect(await cleanup.run()).toEqual([]);
});

/** A lab that only takes notes. */
function notingLab(notes: string[]): Lab {
  const note = (text: string) => void notes.push(text);
  return {
    launch: async ({ metadataTags = {} }: LabInstance) => {
      note(`launched with portway:content ${metadataTags['portway:content']}`);
      return { alive: true, start: async () => note('on'), powerOff: async () => note('off') };
    },
    setSecurityRules: async (_: string, { ingress }: LabInstance['rules']) =>
      note(
        `rules ${ingress
          .map(({ fromPort }) => fromPort)
          .sort()
          .join(' ')}`,
      ),
    setMetadataTags: async (_: string, tags: LabInstance['metadataTags']) => note(`tags ${tags?.['portway:content']}`),
    setUserData: async () => note('user-data'),
  } as never;
}

test('a tag key that the metadata service cannot show fails the launch', async () => {
  const error = await deploy({ content: 'first', tags: { 'Cost Center': '42' } }).finished.catch((e: unknown) => e);
  expect(lines(error)).toContain("'Cost Center' is not a valid tag key");
});

test('CloudFormation tells why a parameter was refused', async () => {
  const error = await deploy({ content: 'first', value: 'x'.repeat(4097) }).finished.catch((e: unknown) => e);
  expect(lines(error)).toMatch(/CREATE_FAILED AWS::SSM::Parameter Part .*maximum parameter value of 4096 characters/);
});

describe('Parameter Store', () => {
  let client: SSMClient;
  beforeEach(() => {
    client = ssmClient(endpoint);
  });
  afterEach(() => client.destroy());
  const put = (Value: string, Name = '/portway/a') =>
    client.send(new PutParameterCommand({ Name, Value, Type: 'String', Overwrite: true }));
  const get = async (Name = '/portway/a') =>
    (await client.send(new GetParameterCommand({ Name })).catch(({ name }: Error) => ({ Parameter: { Value: name } })))
      .Parameter?.Value;

  test.each([
    ['over 4 KB, counted in bytes', `${'x'.repeat(4094)}€`, 'maximum parameter value of 4096 characters'],
    ['with two braces', 'a {{b', "can't nest another parameter"],
    ['with white space at its end', 'a\n', 'no white space at the ends'],
    ['that is empty', '', 'length greater than or equal to 1'],
  ])('a value %s is refused', async (_, refused, why) => {
    await expect(put(refused)).rejects.toThrow(why);
    await put('x'.repeat(4096));
  });

  test('ten names at once; unknown ones are named', async () => {
    await put('one');
    const names = (count: number) => Array.from({ length: count }, (_, n) => (n === 0 ? '/portway/a' : `/none/${n}`));
    const found = await client.send(new GetParametersCommand({ Names: names(10) }));
    expect(found.Parameters?.map(({ Name, Value }) => [Name, Value])).toEqual([['/portway/a', 'one']]);
    expect(found.InvalidParameters).toEqual(names(10).slice(1));
    await expect(client.send(new GetParametersCommand({ Names: names(11) }))).rejects.toThrow(
      'Member must have length less than or equal to 10',
    );
  });

  test('names have at most 15 levels, and nothing but letters, digits and .-_', async () => {
    const deep = (levels: number) => Array.from({ length: levels }, () => '/a').join('');
    await put('deep', deep(15));
    await expect(put('deep', deep(16))).rejects.toThrow('at most 15 levels');
    await expect(put('odd', '/portway/a b')).rejects.toThrow('symbols .-_');
    await expect(put('long', `/portway/${'x'.repeat(1000)}`)).rejects.toThrow('1011 characters');
  });

  test('100 versions are kept; a label on the oldest one blocks the next', async () => {
    for (let version = 1; version <= 101; version++) await put(`${version}`);
    const [oldest] = (await client.send(new GetParameterHistoryCommand({ Name: '/portway/a' }))).Parameters ?? [];
    expect(oldest).toMatchObject({ Version: 2, Value: '2' });
    const label = { Name: '/portway/a', ParameterVersion: 2, Labels: ['kept'] };
    await client.send(new LabelParameterVersionCommand(label));
    await expect(put('102')).rejects.toThrow("Version 2, the oldest version, can't be deleted");
    expect(await get()).toBe('101');
  });

  test('as a fault, a change is seen late: the old value, or none', async () => {
    await put('old');
    endpoint.lateParameters(1);
    // It is told in a pipe, and a moment may pass until it reads.
    await sleep(300);
    await Promise.all([put('new'), put('first', '/portway/b')]);
    expect([await get(), await get('/portway/b')]).toEqual(['old', 'ParameterNotFound']);
    await sleep(1100);
    expect([await get(), await get('/portway/b')]).toEqual(['new', 'first']);
    expect(await readFile(join(folder, 'endpoint.log'), 'utf8')).not.toContain('Traceback');
  });
});
