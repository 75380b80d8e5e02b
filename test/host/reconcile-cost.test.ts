import { Forward } from '../../lib/forward/forward';
import { GuardedGateway } from './support/guarded';
import { describeHost } from './support/host';

jest.setTimeout(120_000);

/** Milliseconds of CPU, with all that is started. */
interface Cost {
  /** The cheap look, every 2 s. */
  readonly fingerprint: number;
  /** The questions to other programs, every 30 s. */
  readonly ask: number;
  /** The close look of a host whose rules nobody wrote to, every 5 minutes. */
  readonly look: number;
  /** The close look after somebody wrote rules. */
  readonly rules: number;
  /** What the stand-in for systemctl takes, which is a script: once of a close look, once of the questions. */
  readonly systemctl: number;
  /** A Python that does nothing: a close look takes none. */
  readonly python: number;
}

const forwards = Object.fromEntries(
  Array.from({ length: 100 }, (_, i) => [
    `f${i}`,
    i % 2 === 0
      ? Forward.tcp({
          listen: 2000 + i,
          to: `10.0.1.10:${3000 + i}`,
          engine: 'iptables',
          allowFrom: ['198.51.100.0/24'],
        })
      : Forward.http({ listen: 2000 + i, to: 8080 }),
  ]),
);

describeHost('the cost of looking after a host', () => {
  let guard: GuardedGateway;
  beforeAll(async () => {
    guard = await GuardedGateway.start({ forwards });
  });
  afterAll(() => guard?.stop());

  // The bounds are some ten times what a quiet machine needs: this one may be busy.
  test('with 100 forwards', async () => {
    const said = await guard.host.sh('gateway', 'python3 -IBS /support/look.py cost 10');
    console.info(`milliseconds of CPU: ${said}`);
    const cost: Cost = JSON.parse(said);
    expect(cost.fingerprint).toBeLessThan(10);
    expect(cost.ask).toBeLessThan(100);
    expect(cost.look).toBeLessThan(150);
    expect(cost.rules).toBeLessThan(400);
  });
});
