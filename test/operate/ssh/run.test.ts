import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reasonOf, run } from '../../../lib/operate/ssh/run';

/*
 * The real client, `ssh`, starts a stand-in for the AWS CLI in the place of a connection. Programs that must be missing are missing
 * from PATH.
 */
let folder: string;
let path: string | undefined;
let told = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portway-ssh-'));
  path = process.env.PATH;
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(() => {
  told = '';
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    told += text;
    return true;
  });
});
afterEach(() => {
  jest.restoreAllMocks();
  process.env.PATH = path;
});

/** A program of this name that writes its arguments into a file, says something on stderr and ends. */
async function standIn(name: string, { says = '', code = 0 }: { says?: string; code?: number }): Promise<void> {
  const text = `#!/bin/sh\necho "$@" >'${join(folder, `${name}.args`)}'\necho '${says}' >&2\nexit ${code}\n`;
  await writeFile(join(folder, name), text);
  await chmod(join(folder, name), 0o755);
}

const first = (name: string) => () => {
  process.env.PATH = `${folder}:${name}`;
};

jest.setTimeout(20_000);

test('ends with the exit code of the program', async () => {
  first(`${path}`)();
  await standIn('ssh', { code: 7 });
  expect(await run(['ssh', 'admin@203.0.113.100', 'false'])).toBe(7);
  expect(await readFile(join(folder, 'ssh.args'), 'utf8')).toBe('admin@203.0.113.100 false\n');
  await rm(join(folder, 'ssh'));
});

test('names a program that is missing, and where to get it', async () => {
  process.env.PATH = folder;
  expect(await run(['ssh', 'admin@203.0.113.100'])).toBe(2);
  expect(told).toMatch(/^portway: ssh must be on this machine: .*\n$/);
  told = '';
  await standIn('ssh', {});
  expect(await run(['ssh', '-o', 'ProxyCommand=aws ec2-instance-connect open-tunnel', 'admin@i-1'])).toBe(2);
  expect(told).toMatch(/^portway: aws must be on this machine: the AWS CLI 2\.12 or newer/);
  told = '';
  await standIn('aws', {});
  expect(await run(['aws', 'ssm', 'start-session', '--target', 'i-1'])).toBe(2);
  expect(told).toMatch(/^portway: session-manager-plugin must be on this machine/);
  await rm(join(folder, 'ssh'));
});

test('the real client starts the tunnel with the id of the instance, and a refusal becomes one line with the missing right', async () => {
  first(`${path}`)();
  const says =
    'User: arn:aws:iam::1:user/me is not authorized to perform: ec2-instance-connect:OpenTunnel on resource: x';
  await standIn('aws', { says, code: 254 });
  const proxy = 'ProxyCommand=aws ec2-instance-connect open-tunnel --instance-id %h';
  expect(await run(['ssh', '-F', 'none', '-o', proxy, 'admin@i-0123456789abcdef0'])).toBe(255);
  expect(await readFile(join(folder, 'aws.args'), 'utf8')).toBe(
    'ec2-instance-connect open-tunnel --instance-id i-0123456789abcdef0\n',
  );
  expect(told).toContain(says);
  expect(told).toMatch(
    /\nportway: AWS refuses it: you need the right ec2-instance-connect:OpenTunnel \(docs\/.*#logging-in\)\n$/,
  );
});

test.each([
  ['{"ErrorCode":"AccessDeniedException","Message":"no"}', /the right ec2-instance-connect:OpenTunnel/],
  [
    'An error occurred (AccessDeniedException) when calling the StartSession operation: no',
    /the right ssm:StartSession/,
  ],
  [
    'x is not authorized to perform: ec2:DescribeInstanceConnectEndpoints because',
    /right ec2:DescribeInstanceConnectEndpoints/,
  ],
  ['There are no available instance connect endpoints.', /^the VPC has no endpoint that is ready/],
  ['(TargetNotConnected) i-1 is not connected.', /has not reported to Session Manager/],
  ['admin@i-1: Permission denied (publickey).', /^the host takes another key/],
  ['Host key verification failed.', /^the host shows another key than the one that is known/],
])('%s', (said, reason) => expect(reasonOf(said)).toMatch(reason));

test('says nothing more about other failures', () => {
  expect(reasonOf('ssh: connect to host 203.0.113.100 port 22: Connection timed out')).toBeUndefined();
});
