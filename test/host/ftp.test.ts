import { Forward } from '../../lib/forward/forward';
import { ADDRESS, describeHost, type Host } from './support/host';
import { RulesHost, rulesOf } from './support/rules';

jest.setTimeout(60_000);

const GATEWAY = ADDRESS.gateway.v4;

/** As in docs/limits.md: a range of passive ports, and the public address. */
const VSFTPD = `listen=YES
background=YES
anonymous_enable=YES
anon_root=/srv/ftp
pasv_address=${GATEWAY}
pasv_min_port=50000
pasv_max_port=50010
seccomp_sandbox=NO
`;

describeHost('FTP through a forward', () => {
  let rules: RulesHost;
  let host: Host;
  beforeAll(async () => {
    rules = await RulesHost.start({ rooted: ['gateway', 'backend'] });
    host = rules.host;
    await host.sh('backend', 'mkdir -p /var/run/vsftpd/empty /srv/ftp; echo hello >/srv/ftp/hello.txt');
    await host.sh('backend', 'cat >/etc/vsftpd.conf; vsftpd /etc/vsftpd.conf', VSFTPD);
    await host.sh('gateway', 'sysctl -qw net.ipv4.ip_forward=1');
  });
  afterAll(() => rules.stop());

  const to = ADDRESS.backend.v4;
  const control = Forward.tcp({ listen: 21, to: `${to}:21` });
  const apply = async (forwards: Readonly<Record<string, Forward>>) => {
    await rules.write(rulesOf(forwards));
    expect((await rules.script('apply')).code).toBe(0);
  };
  const get = (...words: string[]) =>
    host.run('client', ['curl', '-s', '--max-time', '6', ...words, `ftp://${GATEWAY}/hello.txt`]);

  test('transfers a file when the passive ports are forwarded too', async () => {
    await apply({ control, passive: Forward.tcp({ listen: '50000-50010', to: `${to}:50000-50010` }) });
    for (const words of [[], ['--disable-epsv']]) expect((await get(...words)).stdout).toBe('hello\n');
  });

  test('transfers nothing when they are not', async () => {
    await apply({ control });
    expect((await get('--connect-timeout', '3')).code).not.toBe(0);
  });
});
