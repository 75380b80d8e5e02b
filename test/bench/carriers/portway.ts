import { type Engine, Forward } from '../../../lib/forward/forward';
import { resolveForwardsOrThrow } from '../../../lib/forward/resolve';
import { hostContent } from '../../../lib/host/host-content';
import { OPERATING_SYSTEMS } from '../../../lib/host/operating-system';
import { GENERATION, NGINX_PATHS } from '../../../lib/nginx/names';
import { until } from '../../host/support/host';
import type { Lane } from '../lab/lane';
import { type Job, remoteHost } from './job';

const OS = OPERATING_SYSTEMS['debian-13'];
/** What the host itself runs to apply rules. */
export const APPLY = '/usr/local/lib/portway/rules.py apply';

/** Portway's own rules, as synth renders them and the host applies them. */
export async function portwayIptables(lane: Lane, jobs: readonly Job[]): Promise<void> {
  await writeContent(lane, forwardsOf(lane, jobs, 'iptables', 'transport'));
  await applyRules(lane);
}

/** Makes the kernel's rules those that were written. */
export async function applyRules(lane: Lane): Promise<void> {
  await lane.sh('gateway', APPLY);
}

/** Writes what a host of these jobs is given, without applying it. */
export async function writeIptables(lane: Lane, jobs: readonly Job[]): Promise<void> {
  await writeContent(lane, forwardsOf(lane, jobs, 'iptables', 'transport'));
}

/** Portway's nginx as a reverse proxy for HTTP. */
export function portwayNginx(lane: Lane, jobs: readonly Job[]): Promise<void> {
  return startNginx(lane, forwardsOf(lane, jobs, 'nginx', 'http'));
}

/** Portway's nginx for TCP and UDP. */
export function portwayStream(lane: Lane, jobs: readonly Job[]): Promise<void> {
  return startNginx(lane, forwardsOf(lane, jobs, 'nginx', 'transport'));
}

function forwardsOf(lane: Lane, jobs: readonly Job[], engine: Engine, kind: 'http' | 'transport') {
  const host = remoteHost(lane);
  return jobs.map(({ protocol, listen, port }) => {
    const to = host === undefined ? port : `${host}:${port}`;
    if (kind === 'http') return Forward.http({ listen, to });
    return Forward[protocol]({ listen, to, engine });
  });
}

async function writeContent(lane: Lane, forwards: readonly Forward[]): Promise<void> {
  const named = Object.fromEntries(forwards.map((forward, i) => [`forward-${i + 1}`, forward]));
  const { files } = hostContent({ forwards: resolveForwardsOrThrow({ forwards: named }), os: OS });
  for (const { path, text, mode } of files) await lane.put('gateway', path, text, mode);
  const sysctl = files.filter(({ path }) => path.startsWith('/etc/sysctl.d/')).map(({ path }) => path);
  // Those of the whole machine cannot be set from a namespace; they are not what differs between lanes either.
  for (const path of sysctl) await lane.sh('gateway', `sysctl -eqp '${path}' 2>/dev/null || :`);
}

async function startNginx(lane: Lane, forwards: readonly Forward[]): Promise<void> {
  await writeContent(lane, forwards);
  await lane.sh('gateway', `mkdir -p ${NGINX_PATHS.logFolder}\nnginx`);
  const asked = ['curl', '-s', '--unix-socket', NGINX_PATHS.socket, 'http://host/generation'];
  await until('nginx runs', async () => (await lane.run('gateway', asked)).stdout === GENERATION);
}
