import { type Engine, Forward, type HttpForwardProps } from '../../../lib/forward/forward';
import { resolveForwardsOrThrow } from '../../../lib/forward/resolve';
import { Tls } from '../../../lib/forward/tls';
import { hostContent } from '../../../lib/host/host-content';
import { OPERATING_SYSTEMS } from '../../../lib/host/operating-system';
import { GENERATION, NGINX_PATHS } from '../../../lib/nginx/names';
import { SOURCE_ADDRESS } from '../../../lib/nginx/source-address';
import { until } from '../../../test/host/support/host';
import type { Lane } from '../lab/lane';
import { certificate } from './certificate';
import { type Carrier, type Job, remoteHost } from './job';

const OS = OPERATING_SYSTEMS['debian-13'];
/** What the host itself runs to apply rules. */
export const APPLY = '/usr/local/bin/portway rules apply';

/** Portway's own rules, as synth renders them and the host applies them. */
export async function portwayIptables(lane: Lane, jobs: readonly Job[]): Promise<void> {
  await writeContent(lane, forwardsOf(lane, jobs, 'iptables'));
  await applyRules(lane);
}

/** Makes the kernel's rules match the written ones. */
export async function applyRules(lane: Lane): Promise<void> {
  await lane.sh('gateway', APPLY);
}

/** Writes the rules of a host with these jobs, without applying them. */
export async function writeIptables(lane: Lane, jobs: readonly Job[]): Promise<void> {
  await writeContent(lane, forwardsOf(lane, jobs, 'iptables'));
}

/** Portway's nginx as a reverse proxy for HTTP, with options that a team may add. */
export function portwayHttp(options: Partial<HttpForwardProps> = {}): Carrier {
  return (lane, jobs) =>
    startNginx(
      lane,
      jobs.map((job) => Forward.http({ listen: job.listen, to: targetOf(lane, job), ...options })),
    );
}

/** The same for HTTPS, with the benchmark's certificate in place of the host's own. */
export function portwayHttps(lane: Lane, jobs: readonly Job[]): Promise<void> {
  return startNginx(
    lane,
    jobs.map((job) => Forward.https({ listen: job.listen, to: targetOf(lane, job), tls: Tls.selfSigned() })),
  );
}

/** Portway's nginx for TCP and UDP. */
export function portwayStream(lane: Lane, jobs: readonly Job[]): Promise<void> {
  return startNginx(lane, forwardsOf(lane, jobs, 'nginx'));
}

function forwardsOf(lane: Lane, jobs: readonly Job[], engine: Engine): readonly Forward[] {
  return jobs.map((job) => Forward[job.protocol]({ listen: job.listen, to: targetOf(lane, job), engine }));
}

function targetOf(lane: Lane, { port }: Job): number | string {
  const host = remoteHost(lane);
  return host === undefined ? port : `${host}:${port}`;
}

async function writeContent(lane: Lane, forwards: readonly Forward[]): Promise<void> {
  const named = Object.fromEntries(forwards.map((forward, i) => [`forward-${i + 1}`, forward]));
  const { files } = hostContent({ forwards: resolveForwardsOrThrow({ forwards: named }), os: OS });
  for (const { path, text, mode } of files) await lane.put('gateway', path, text, mode);
  const sysctl = files.filter(({ path }) => path.startsWith('/etc/sysctl.d/')).map(({ path }) => path);
  // Settings of the whole machine cannot be set from a namespace, and do not differ between lanes.
  for (const path of sysctl) await lane.sh('gateway', `sysctl -eqp '${path}' 2>/dev/null || :`);
}

async function startNginx(lane: Lane, forwards: readonly Forward[]): Promise<void> {
  await writeContent(lane, forwards);
  await putCertificates(lane);
  const route = `ip route replace local ${SOURCE_ADDRESS} dev lo src 127.0.0.1`;
  await lane.sh('gateway', `mkdir -p ${NGINX_PATHS.logFolder} ${NGINX_PATHS.sockets}\n${route}\nnginx`);
  const asked = ['curl', '-s', '--unix-socket', NGINX_PATHS.socket, 'http://host/generation'];
  await until('nginx runs', async () => (await lane.run('gateway', asked)).stdout === GENERATION);
}

/** Puts the benchmark's certificates and keys where nginx.conf expects them. */
async function putCertificates(lane: Lane): Promise<void> {
  const conf = await lane.sh('gateway', 'cat /etc/nginx/nginx.conf');
  const paths = [...conf.matchAll(/\bssl_certificate(?:_key)? (\S+);/g)].map(([, path]) => path as string);
  for (const path of new Set(paths)) await lane.put('gateway', path, (await certificate(lane)).both);
}
