import { wordsOf } from '../../../lib/operate/ssh/command';
import { type SshTarget, shellLine } from '../../../lib/operate/ssh/ways';

const HOST = { user: 'admin', address: '203.0.113.100', instanceId: 'i-0123456789abcdef0', hasKey: true } as const;
const line = (target: SshTarget, command: readonly string[] = [], identity?: string) =>
  shellLine(wordsOf(target, { command, identity }));

test('connects to the public address, and knows the host by its id', () => {
  expect(line({ ...HOST, way: 'direct' })).toBe('ssh -o HostKeyAlias=i-0123456789abcdef0 admin@203.0.113.100');
  expect(line({ ...HOST, way: 'direct' }, ['sudo', 'portway', 'status'], 'my key')).toBe(
    "ssh -o HostKeyAlias=i-0123456789abcdef0 -i 'my key' admin@203.0.113.100 sudo portway status",
  );
});

test('connects through the endpoint, in the region of the stack', () => {
  expect(line({ ...HOST, way: 'endpoint', region: 'eu-central-1' }, ['id'])).toBe(
    "ssh -o 'ProxyCommand=aws ec2-instance-connect open-tunnel --instance-id %h --region eu-central-1' -o HostKeyAlias=i-0123456789abcdef0 admin@i-0123456789abcdef0 id",
  );
});

test('connects through Session Manager, with a key by ssh and without one by hand', () => {
  expect(line({ ...HOST, way: 'session-manager' })).toBe(
    "ssh -o 'ProxyCommand=aws ssm start-session --target %h --document-name AWS-StartSSHSession --parameters portNumber=%p' -o HostKeyAlias=i-0123456789abcdef0 admin@i-0123456789abcdef0",
  );
  expect(line({ ...HOST, way: 'session-manager', hasKey: false, region: 'eu-central-1' })).toBe(
    'aws ssm start-session --target i-0123456789abcdef0 --region eu-central-1',
  );
});

test.each([
  [{ way: 'direct' }, [], undefined, /^i-\w+ takes no key, so nobody can log in: give keyPairName or sshPublicKey$/],
  [{ way: 'endpoint' }, ['id'], undefined, /^i-\w+ takes no key, so nobody can log in/],
  [
    { way: 'session-manager' },
    ['id'],
    undefined,
    /takes no key, so there is only a session by hand: leave the command/,
  ],
  [{ way: 'session-manager' }, [], 'key', /takes no key, so there is only a session by hand/],
] as const)('refuses a host without a key: %j %j %s', (way, command, identity, message) => {
  expect(() => wordsOf({ ...HOST, ...way, hasKey: false }, { command, identity })).toThrow(message);
});

test('quotes what a shell would take apart', () => {
  expect(shellLine(['echo', "it's", '$HOME', 'a b', 'plain-1.2/%h'])).toBe(
    `echo 'it'\\''s' '$HOME' 'a b' plain-1.2/%h`,
  );
});
