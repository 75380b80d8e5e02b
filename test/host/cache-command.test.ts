import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import type { HostStatus } from '../../lib/host/outputs/status';
import { readPrinted } from '../support/json-schema';
import { type Deploy, Gateway } from './support/gateway';
import { ADDRESS, describeHost } from './support/host';

jest.setTimeout(60_000);

describeHost('caches of a deployed host', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await Gateway.start();
    await gateway.host.app('gateway', 'tcp', 8080);
  });
  afterAll(() => gateway?.stop());

  const cache = { sizeMb: 100, validFor: 60 };
  const deploy = (content: string, kept: { web: boolean; shop: boolean }): Deploy => ({
    content,
    forwards: {
      web: Forward.http({ listen: 80, to: 8080, cache: kept.web && cache }),
      shop: Forward.http({ listen: 81, to: 8080, cache: kept.shop && cache }),
    },
  });
  const portway = (...words: string[]) => gateway.host.run('gateway', ['/usr/local/bin/portway', ...words]);
  const state = async (port: number) => {
    const url = `http://${ADDRESS.gateway.v4}:${port}/`;
    return gateway.host.sh('client', `curl -s -o /dev/null -w '%header{x-cache}' ${url}`);
  };

  test('are shown and purged by the command', async () => {
    await gateway.succeed(deploy('both', { web: true, shop: true }));
    expect([await state(80), await state(80), await state(81)]).toEqual(['MISS', 'HIT', 'MISS']);
    expect((await portway('cache')).stdout).toBe('shop: 1 answers, 0.0 MB\nweb: 1 answers, 0.0 MB\n');
    expect(await portway('cache', 'purge', 'all')).toMatchObject({ code: 0, stdout: '2 answers thrown away\n' });
    expect((await portway('cache')).stdout).toBe('shop: 0 answers, 0.0 MB\nweb: 0 answers, 0.0 MB\n');
  });

  test('of the future, from when the clock was ahead, are gone after the next boot; others are kept', async () => {
    const files = 'find /var/cache/portway-web -type f';
    await portway('cache', 'purge', 'all');
    expect([await state(80), await state(80)]).toEqual(['MISS', 'HIT']);
    await gateway.reboot();
    expect(await state(80)).toBe('HIT');
    await gateway.host.sh('gateway', `touch -d '+2 days' $(${files})`);
    await gateway.reboot();
    expect(await gateway.host.sh('gateway', files)).toBe('');
    // nginx keeps files open for a second.
    await sleep(1100);
    expect([await state(80), await state(80)]).toEqual(['MISS', 'HIT']);
  });

  test('survive a change that keeps them', async () => {
    await state(80);
    await gateway.succeed(deploy('one', { web: true, shop: false }));
    expect(await state(80)).toBe('HIT');
    // The files of a removed cache can still be purged.
    await portway('cache', 'purge', 'all');
    expect((await portway('cache')).stdout).toContain('shop: 0 answers');
  });

  test("the command's usage lists the available subcommands", async () => {
    const status = await portway('status', '--json');
    expect(readPrinted<HostStatus>('status', status.stdout).forwards).toHaveLength(2);
    expect(await portway()).toMatchObject({
      code: 1,
      stderr:
        'usage: portway status [--json]\n       portway top [--json]\n       portway explain ...\n       portway cache ...\n',
    });
    expect((await portway('maintenance')).code).toBe(1);
    await gateway.succeed(deploy('none', { web: false, shop: false }));
    expect((await portway('cache')).stderr).toContain('usage: portway status');
    expect((await portway('status')).code).toBe(0);
  });
});
