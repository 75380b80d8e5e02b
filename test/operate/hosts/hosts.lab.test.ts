import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import spawn from 'nano-spawn';
import type { HostsStatus } from '../../../lib/operate/hosts/status';
import type { HostsTop } from '../../../lib/operate/hosts/top';
import { ensureDebianRoot } from '../../../rehearsal/src/image/root';
import { loginKey } from '../../../rehearsal/src/login-key';
import { FleetLab } from '../../../rehearsal/test/support/fleet-lab';
import { describeAsRoot } from '../../support/as-root';
import { schemaErrors } from '../../support/json-schema';

/*
 * `portway hosts` on a fleet: the real ssh logs in to a real sshd for each host, in a Debian root of its own, where sudo starts the
 * hosts' real programs. A stand-in for the AWS CLI takes the place of the tunnel; tunnel.lab.test.ts has the real one.
 */
jest.setTimeout(600_000);

const MODULES = ['__init__', 'commands', 'files', 'status', 'top', 'top_logs', 'top_sums'];
const ASSETS = join(__dirname, '..', '..', '..', 'assets', 'usr', 'local');

describeAsRoot('hosts of a fleet, asked by ssh', () => {
  let lab: FleetLab;
  let key: string;
  let props: { readonly ssh: 'endpoint'; readonly sshPublicKey: string };
  let ids: readonly string[];

  beforeAll(async () => {
    const packages = ['iproute2', 'nftables', 'openssh-server', 'python3', 'sudo'];
    const root = await ensureDebianRoot({ release: 'trixie', name: 'ssh-hosts', packages });
    lab = await FleetLab.start();
    key = await loginKey(lab.folder);
    props = { ssh: 'endpoint', sshPublicKey: (await readFile(`${key}.pub`, 'utf8')).trim() };
    lab.hosts.start();
    await lab.deploy(props);
    ids = await lab.ids();
    for (const id of ids) await layHost(root, id);
    const sshd = '/usr/sbin/sshd -i -e -f /dev/null -o HostKey=/etc/ssh/host -o UsePAM=no -o StrictModes=no';
    await program(
      'aws',
      `case "$*" in *open-tunnel*) ;; *) exit 64 ;; esac
id=$(echo "$*" | grep -o 'i-[0-9a-f]*')
[ ! -e '${lab.folder}/'$id.silent ] || { echo 'There are no available instance connect endpoints.' >&2; exit 254; }
mkdir -p '${lab.folder}/mount-'$id
exec unshare --mount --net '${join(__dirname, '..', 'ssh', 'support', 'in-root.sh')}' '${root}' '${lab.folder}/mount-'$id \\
  '${lab.folder}/files-'$id ${sshd} -o AuthorizedKeysFile=/etc/ssh/authorized -o PasswordAuthentication=no`,
    );
    // The person's own known_hosts is none of the test's business.
    await program('ssh', `exec /usr/bin/ssh -o UserKnownHostsFile='${lab.folder}/known_hosts' "$@"`);
  });

  afterAll(() => lab?.stop());

  async function program(name: string, script: string): Promise<void> {
    const path = join(lab.folder, name);
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o755);
  }

  /** What a host's root has besides Debian's own: people, keys, the host's programs, and the list of its forwards. */
  async function layHost(root: string, id: string): Promise<void> {
    const files = join(lab.folder, `files-${id}`);
    const [programs, etc] = [join(files, 'usr', 'local'), join(files, 'etc')];
    for (const path of [join(programs, 'bin'), join(programs, 'lib', 'portway', 'portway'), join(etc, 'portway')])
      await mkdir(path, { recursive: true });
    for (const path of [
      join(etc, 'ssh'),
      join(etc, 'sudoers.d'),
      join(files, 'home', 'admin'),
      join(files, 'run', 'sshd'),
    ])
      await mkdir(path, { recursive: true });
    await cp(join(ASSETS, 'bin', 'portway'), join(programs, 'bin', 'portway'));
    for (const name of MODULES) {
      const path = join('lib', 'portway', 'portway', `${name}.py`);
      await cp(join(ASSETS, path), join(programs, path));
    }
    await writeFile(join(etc, 'portway', 'forwards'), 'web tcp/80 nginx 10.0.9.10:8080\n');
    await spawn('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(etc, 'ssh', 'host')]);
    await cp(`${key}.pub`, join(etc, 'ssh', 'authorized'));
    await writeFile(join(etc, 'sudoers.d', 'admin'), 'admin ALL=(ALL) NOPASSWD: ALL\n', { mode: 0o440 });
    for (const [file, line] of [
      ['passwd', 'admin:x:1000:1000::/home/admin:/bin/sh\n'],
      ['shadow', 'admin:*:20000:0:99999:7:::\n'],
    ] as const)
      await writeFile(join(etc, file), (await readFile(join(root, 'etc', file), 'utf8')) + line, { mode: 0o644 });
  }

  const hosts = (...words: readonly string[]) => lab.portway(['hosts', ...words, '-i', key], props);

  test('status of both, which say the same; then of one that has another forward', async () => {
    const { code, stdout, stderr } = await hosts('status', 'Fleet', '--json');
    expect(stderr).toBe('');
    expect(schemaErrors('hosts-status', stdout)).toEqual([]);
    const told = JSON.parse(stdout) as HostsStatus;
    expect(Object.keys(told.hosts).toSorted()).toEqual(ids);
    expect(told).toMatchObject({ unreachable: {}, differs: [] });
    expect(Object.values(told.hosts)[0]?.forwards).toMatchObject([{ forward: 'web', listener: 'tcp/80' }]);
    expect(code).toBe(0);

    await writeFile(join(lab.folder, `files-${ids[1]}`, 'etc/portway/forwards'), 'old tcp/81 nginx 10.0.9.10:8080\n');
    const other = await hosts('status', 'Fleet');
    expect(other.stdout).toMatch(/^only [12]: forward old: tcp\/81 by nginx$/m);
    expect(other.stdout).toMatch(new RegExp(`^[12] {2}${ids[1]} .* DIFFERS$`, 'm'));
  });

  test('top of both, in the same second', async () => {
    const { code, stdout } = await hosts('top', 'Fleet', '--seconds', '1', '--json');
    expect(schemaErrors('hosts-top', stdout)).toEqual([]);
    const told = JSON.parse(stdout) as HostsTop;
    expect(told).toMatchObject({ seconds: 1, unreachable: {} });
    expect(told.hosts.toSorted()).toEqual(ids);
    expect(code).toBe(0);
  });

  test('a host that does not answer is named, and so is one whose key changed; the exit code says so', async () => {
    const [first = '', second = ''] = ids;
    await writeFile(join(lab.folder, `${first}.silent`), '');
    const host = join(lab.folder, `files-${second}`, 'etc/ssh/host');
    await spawn('sh', ['-c', `rm -f '${host}' '${host}.pub' && ssh-keygen -q -t ed25519 -N '' -f '${host}'`]);
    const { code, stdout } = await hosts('status', 'Fleet', '--json');
    expect(JSON.parse(stdout)).toEqual({
      hosts: {},
      unreachable: {
        [first]: 'the VPC has no endpoint that is ready: deploy the stack, or look with portway verify',
        [second]: expect.stringMatching(/^the host shows another key than the one that is known for its id: /),
      },
      differs: [],
    });
    expect(code).toBe(2);
  });
});
