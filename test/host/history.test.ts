import { Forward } from '../../lib/forward/forward';
import type { HostHistory } from '../../lib/host/outputs/history';
import { readPrinted } from '../support/json-schema';
import type { Deploy } from './support/gateway';
import { GuardedGateway } from './support/guarded';
import { ADDRESS, describeHost, type Host } from './support/host';

jest.setTimeout(90_000);

const http = (port: number) => Forward.http({ listen: port, to: 8080 });
const tcp = (port: number) => Forward.tcp({ listen: port, to: 8080, engine: 'iptables' });
/** One change after the other. */
const DEPLOYS: Readonly<Record<'one' | 'two' | 'three', Deploy>> = {
  one: { forwards: { web: http(80), old: tcp(81) }, content: 'one' },
  two: { forwards: { web: http(80), game: tcp(82) }, content: 'two' },
  three: { forwards: { web: http(85), game: tcp(82) }, content: 'three' },
};
const FAILED = '/var/lib/portway/live-failed';

describeHost('the trees before', () => {
  let guard: GuardedGateway;
  let host: Host;
  beforeAll(async () => {
    guard = await GuardedGateway.start(DEPLOYS.one);
    host = guard.host;
    await host.app('gateway', 'tcp', 8080);
    await guard.portway('history');
    for (const deploy of [DEPLOYS.two, DEPLOYS.three]) {
      await guard.deploy(deploy);
      await guard.portway('reconcile');
    }
  });
  afterAll(() => guard?.stop());

  const history = async () =>
    (await guard.portway('history')).stdout
      .trim()
      .split('\n')
      .map((line) =>
        line
          .trim()
          .split(/ +/)
          .filter((_, i) => i !== 1)
          .join(' '),
      );
  /** The ports that answer. */
  const answers = async () => {
    const ports = [80, 81, 82, 85];
    const asked = ports.map((port) =>
      host.run('client', ['curl', '-sf', '--max-time', '3', `http://${ADDRESS.gateway.v4}:${port}/`]),
    );
    const codes = (await Promise.all(asked)).map((answer) => answer.code);
    return ports.filter((_, i) => codes[i] === 0);
  };
  /** Nothing is to be put right, and the good tree could be put back. */
  const isWhole = async () => {
    const check = 'cd /var/lib/portway/good && sha256sum --quiet --strict -c ./var/lib/portway/sums';
    const codes = [await guard.portway('status'), await host.run('gateway', ['sh', '-c', check])].map(
      (one) => one.code,
    );
    return codes.every((code) => code === 0);
  };

  test('are listed with what each changed', async () => {
    expect(await history()).toEqual(['1 one 2 forwards', '2 two +game -old', '3 three runs ~web']);
    const printed = readPrinted<HostHistory>('history', (await guard.portway('history', '--json')).stdout);
    expect(printed.map(({ number, content, runs, change }) => [number, content, runs, change])).toEqual([
      [1, 'one', false, '2 forwards'],
      [2, 'two', false, '+game -old'],
      [3, 'three', true, '~web'],
    ]);
    expect(await answers()).toEqual([82, 85]);
  });

  test('the last one is put back, and the deployed content is kept away', async () => {
    const signals = (await guard.gateway.signals()).length;
    const result = await guard.portway('rollback');
    expect(result).toMatchObject({ code: 0, stdout: expect.stringMatching(/The stack says another content/) });
    expect(await answers()).toEqual([80, 82]);
    expect(await isWhole()).toBe(true);
    expect(await host.read(FAILED)).toBe('three');
    expect(await history()).toEqual(['1 one 2 forwards', '2 two +game -old', '3 three ~web', '4 two runs ~web']);
    expect(await guard.gateway.signals()).toHaveLength(signals);
    expect(await guard.gateway.log()).toMatch(/rollback by hand to number 2, content two/);
  });

  test('one is put back by its number', async () => {
    expect(await guard.portway('rollback', '1')).toMatchObject({ code: 0 });
    expect(await answers()).toEqual([80, 81]);
    expect(await host.read(FAILED)).toBe('three');
    expect(await isWhole()).toBe(true);
    expect(await guard.portway('reconcile')).toMatchObject({ code: 0 });
    expect(await guard.moves()).toEqual([]);
  });

  test('what fails its proof is not put back, and what ran goes on', async () => {
    await host.serve('gateway', ['python3', '/support/app.py', 'tcp', '85', 'other', '::']);
    const result = await guard.portway('rollback', '3');
    expect(result).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/the rollback failed: what ran before goes on/),
    });
    expect(await guard.gateway.log()).toMatch(/nginx needs port tcp\/85, which another program holds/);
    await host.sh('gateway', 'pkill -f "app.py tcp 85"');
    expect(await answers()).toEqual([80, 81]);
    expect(await isWhole()).toBe(true);
  });

  test('the deployed one brings the end of the rollback', async () => {
    expect(await guard.portway('rollback', '3')).toMatchObject({ code: 0 });
    expect(await answers()).toEqual([82, 85]);
    expect(await host.read(FAILED)).toBe('');
    // No more than five are kept.
    expect((await history()).map((line) => line.split(' ')[0])).toEqual(['2', '3', '4', '5', '6']);
  });

  test('a damaged one is refused', async () => {
    await host.sh(
      'gateway',
      'f=$(ls -d /var/lib/portway/history/5-*)/etc/portway/iptables.rules; cp $f /run/x; rm $f; sed 1d /run/x >$f',
    );
    const result = await guard.portway('rollback', '5');
    expect(result).toMatchObject({ code: 1, stderr: expect.stringMatching(/that tree is damaged: .*iptables\.rules/) });
    expect(await answers()).toEqual([82, 85]);
  });

  test.each([['99'], ['6'], ['x']])('there is none with the number %s', async (number) => {
    const result = await guard.portway('rollback', number);
    expect(result).toMatchObject({ code: 1, stderr: expect.stringMatching(/no such tree; .*\n +2 /) });
  });

  test('are links: they take no room of their own', async () => {
    const links = await host.sh('gateway', 'stat -c %h /var/lib/portway/good/usr/local/lib/portway/host.sh');
    expect(Number(links)).toBeGreaterThan(1);
  });
});
