import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describeAsRoot } from '../../test/support/as-root';
import { ask, isRight } from '../src/ask';
import { Cleanup } from '../src/cleanup';
import type { Question } from '../src/expectations';
import { ensureVmImage, type VmImage } from '../src/image/image';
import { Namespaces } from '../src/network/namespaces';
import { Probe } from '../src/network/probe';
import { layNetwork } from '../src/network/topology';
import { PYTHON } from '../src/services/python';
import { Targets } from '../src/targets';
import { hold, watch } from '../src/watch';

jest.setTimeout(60_000);

describeAsRoot('hosts that are made on demand', () => {
  let folder: string;
  let namespaces: Namespaces;
  let targets: Targets;
  let probe: Probe;
  let image: VmImage;
  const cleanup = new Cleanup();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portway-targets-'));
    namespaces = await Namespaces.create(`t-${process.pid}`, cleanup);
    await layNetwork(namespaces);
    image = await ensureVmImage();
    targets = new Targets({ namespaces, cleanup, folder, image });
    probe = new Probe(namespaces, folder);
  }, 300_000);
  afterAll(async () => {
    expect(await cleanup.run()).toEqual([]);
    await rm(folder, { recursive: true, force: true });
  });

  const question = (address: string, port: number, speaks: 'http' | 'https' | 'udp'): Question => ({
    ...{ forward: 'web', port, speech: speaks, path: '/', client: 'hidden', believed: false },
    places: [{ address, port, speaks }],
  });
  const own = () => false;
  /** The party that reaches an address as the gateway does: through the VPC's router or through the internet. */
  const asker = (address: string) =>
    address.startsWith('192.0.2.') ? ('stranger' as const) : targets.party('10.9.9.9');

  // In the backends' subnet, in a peer of the VPC, in the gateway's own subnet, and on the internet.
  test.each(['10.0.1.20', '192.168.7.7', '10.0.0.77', '192.0.2.200'])(
    '%s answers HTTP, TLS and datagrams, as who it is',
    async (address) => {
      const party = await asker(address);
      const places = [question(address, 9000, 'http'), question(address, 9001, 'https'), question(address, 53, 'udp')];
      await targets.serve(places.flatMap((one) => one.places));
      for (const one of places) {
        const answer = await ask(one, { probe, party, address });
        expect(answer).toMatchObject({ status: 200, seen: { port: one.port } });
        expect(isRight(one, answer, own)).toBe(true);
        // The same answer is wrong if another host should answer.
        const elsewhere = { ...one, places: [{ ...(one.places[0] as Question['places'][0]), address: '10.0.1.99' }] };
        expect(isRight(elsewhere, answer, own)).toBe(false);
      }
      const none = question(address, 54, 'udp');
      expect(await ask(none, { probe, party, address })).toMatchObject({ status: 0, text: 'no answer' });
      expect(await targets.party(address)).toBe(await targets.party(address));
    },
  );

  test('a watch counts what is lost, and the longest time without an answer', async () => {
    const address = '10.0.1.30';
    const party = await targets.party(address);
    const serve = () =>
      namespaces.run(party, ['timeout', '2', PYTHON, image.application, '--listen', 'http-80']).catch(() => {});
    const watching = watch({
      namespaces,
      cleanup,
      folder,
      party: await asker(address),
      url: `http://${address}/`,
      rate: 20,
    });
    await serve();
    await pause(1000);
    await serve();
    const { requests, lost, downtime, seen } = await watching.stop();
    expect(requests).toBeGreaterThan(80);
    expect(lost).toBeGreaterThan(10);
    expect(lost).toBeLessThan(requests / 2);
    expect(downtime).toBeGreaterThan(0.9);
    expect(downtime).toBeLessThan(3);
    expect(Object.values(seen).reduce((sum, count) => sum + count)).toBe(requests);
    expect(requests - (seen['200'] ?? 0)).toBe(lost);
  });

  test('a connection that is held open says how often it was answered, or who broke it', async () => {
    const address = '10.0.1.31';
    const party = await targets.party(address);
    const serve = (seconds: string) =>
      namespaces.run(party, ['timeout', seconds, PYTHON, image.application, '--listen', 'http-80']).catch(() => {});
    const held = async () => hold({ namespaces, cleanup, folder, party: await asker(address), address, port: 80 });
    const serving = serve('10');
    await pause(1500);
    const kept = await held();
    await pause(2500);
    const { exchanges, broken, longest } = await kept.stop();
    expect(exchanges).toBeGreaterThan(2);
    expect([broken, longest < 2]).toEqual([null, true]);
    const cut = await held();
    await serving;
    await pause(1000);
    expect((await cut.stop()).broken).toMatch(
      /^(Closed|ConnectionResetError|BrokenPipeError) after [1-9]\d* exchanges/,
    );
    const refused = await held();
    await expect(refused.stop()).rejects.toThrow(`the connection to ${address}:80 ended before its time`);
  });
});
