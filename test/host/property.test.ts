import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { PortwayError } from '../../lib/forward/problems';
import { type ForwardSet, resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { isPortForward, type ResolvedForward } from '../../lib/forward/resolved';
import { OPERATING_SYSTEMS } from '../../lib/host/operating-system';
import { renderIptables } from '../../lib/iptables/render';
import { certificateFiles } from '../../lib/nginx/names';
import { renderNginx } from '../../lib/nginx/render';
import { stacks } from './support/arbitrary';
import { asset } from './support/assets';
import { DEBIAN, describeHost, Host } from './support/host';

/** Accepted stacks to try; a seed that failed can be given again in PORTWAY_SEED. */
const ACCEPTED = 1000;
const SEED = Number(process.env.PORTWAY_SEED ?? Date.now() % 2 ** 31);

jest.setTimeout(600_000);

interface Accepted {
  readonly set: ForwardSet;
  readonly forwards: readonly ResolvedForward[];
}

/** Draws stacks until enough of them are accepted. */
function draw(): { accepted: Accepted[]; refused: { set: ForwardSet; error: unknown }[] } {
  const accepted: Accepted[] = [];
  const refused: { set: ForwardSet; error: unknown }[] = [];
  for (let round = 0; accepted.length < ACCEPTED; round++) {
    for (const set of fc.sample(stacks, { numRuns: 500, seed: SEED + round })) {
      try {
        accepted.push({ set, forwards: resolveForwardsOrThrow(set) });
      } catch (error) {
        refused.push({ set, error });
      }
    }
  }
  return { accepted, refused };
}

describeHost(`what synth accepts, the host accepts (seed ${SEED})`, () => {
  const { accepted, refused } = draw();

  test('both kinds of stacks are drawn, of both engines', () => {
    expect(accepted.length).toBeGreaterThanOrEqual(ACCEPTED);
    expect(refused.length).toBeGreaterThan(100);
    for (const engine of ['iptables', 'nginx']) {
      expect(accepted.filter(({ forwards }) => forwards.some((f) => f.engine === engine)).length).toBeGreaterThan(200);
    }
  });

  test('every stack that is refused is told which prop is at fault', () => {
    for (const { set, error } of refused) {
      expect(error).toBeInstanceOf(PortwayError);
      for (const problem of (error as PortwayError).problems) {
        const [, name] = /^forwards(?:\.([\w$]+)|\[("(?:[^"\\]|\\.)*")\]| must hold at least one forward)/.exec(
          problem,
        ) ?? ['no prop named'];
        expect(problem).toMatch(/^forwards/);
        if (name !== undefined && name !== 'no prop named') expect(Object.keys(set.forwards)).toContain(name);
      }
    }
  });

  test('every stack that is accepted is applied by a real kernel and taken by a real nginx', async () => {
    const host = await Host.start();
    const folder = mkdtempSync(join(tmpdir(), 'portway-stacks-'));
    try {
      for (const [i, { forwards }] of accepted.entries()) writeStack(join(folder, `${i}`), forwards);
      await host.write('/usr/local/lib/portway/rules.py', asset('rules.py'), '0755');
      await host.sh('gateway', makeCertificates(accepted));
      const packed = execFileSync('tar', ['-cC', folder, '.'], { maxBuffer: 2 ** 28 });
      await host.sh('gateway', 'mkdir /stacks && tar -xC /stacks', packed);
      const said = await host.sh('gateway', '/support/accepts.sh /stacks');
      const lines = said.trim().split('\n');
      expect(lines.pop()).toBe(`tried ${accepted.length}`);
      const failures = lines.map((line) => `${line}\n${JSON.stringify(accepted[Number(line.split(' ')[0])]?.set)}`);
      // A few are enough to see what is wrong.
      expect(failures.slice(0, 5)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
      await host.stop();
    }
  });
});

function writeStack(folder: string, forwards: readonly ResolvedForward[]): void {
  mkdirSync(folder);
  if (forwards.some((f) => f.engine === 'iptables')) {
    const { v4, v6 } = renderIptables(forwards);
    writeFileSync(join(folder, 'iptables.rules'), v4);
    writeFileSync(join(folder, 'ip6tables.rules'), v6);
  }
  const conf = renderNginx(forwards, OPERATING_SYSTEMS[DEBIAN].nginx);
  if (conf !== undefined) writeFileSync(join(folder, 'nginx.conf'), conf.text);
}

/** One certificate under the name of every forward that ends TLS. */
function makeCertificates(accepted: readonly Accepted[]): string {
  const names = new Set(
    accepted.flatMap(({ forwards }) =>
      forwards
        .filter(isPortForward)
        .filter((f) => f.tls)
        .map((f) => f.name),
    ),
  );
  const { certificate, key } = certificateFiles('one');
  return `mkdir -p /etc/portway/tls /var/log/portway
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=x -keyout ${key} -out ${certificate} 2>/dev/null
    for name in ${[...names].join(' ')}; do ln -sf one.crt "/etc/portway/tls/$name.crt"; ln -sf one.key "/etc/portway/tls/$name.key"; done`;
}
