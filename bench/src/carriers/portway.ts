import {
  type Engine,
  Forward,
  type HttpForwardProps,
  type HttpsForwardProps,
  type TransportForwardProps,
} from '../../../lib/forward/forward';
import { type GatewaySettingsProps, readGatewaySettings } from '../../../lib/forward/gateway-settings';
import { Problems } from '../../../lib/forward/problems';
import type { ProtectProps } from '../../../lib/forward/protect';
import { resolveForwardsOrThrow } from '../../../lib/forward/resolve';
import { Tls } from '../../../lib/forward/tls';
import { hostContent } from '../../../lib/host/host-content';
import type { HostFile } from '../../../lib/host/host-file';
import { OPERATING_SYSTEMS } from '../../../lib/host/operating-system';
import { FLOWS } from '../../../lib/kernel/flow-offload';
import { GENERATION, NGINX_PATHS } from '../../../lib/nginx/names';
import { SOURCE_ADDRESS } from '../../../lib/nginx/source-address';
import type { Ground } from '../lab/ground';
import { putCertificate } from './certificate';
import { type Carrier, type Job, remoteHost } from './job';

const OS = OPERATING_SYSTEMS['debian-13'];
/** What the host itself runs to apply rules. */
export const APPLY = '/usr/local/bin/portway rules apply';
/** What it runs after that if it forwards to other hosts. Kernels without flow tables go on without. */
const LOAD_FLOWS = `[[ ! -e ${FLOWS.file} ]] || /usr/local/bin/portway flows || :`;

const METRICS_PORT = 9464;

/** Options that a team may add to a forward in the kernel. */
export interface KernelOptions extends Partial<Omit<TransportForwardProps, 'to' | 'engine'>> {
  /** A second port of the application, which gets half of the new connections. Default: none. */
  readonly otherPort?: number;
}

/** Portway's own rules, as synth renders them and the host applies them, with options of each forward and of the gateway. */
export function portwayKernel(options: KernelOptions = {}, gateway: GatewaySettingsProps = {}): Carrier {
  return async (ground, jobs) => {
    await writeContent(ground, forwardsOf(ground, jobs, 'iptables', options), gateway);
    await applyRules(ground);
  };
}

export const portwayIptables = portwayKernel();

/** The same with established flows in a flow table. @throws Error in a kernel that has none: it would pass for one that does */
export async function portwayFlows(ground: Ground, jobs: readonly Job[]): Promise<void> {
  await portwayKernel({}, { flowOffload: true })(ground, jobs);
  await ground.ready('gateway', 'the flow table is there', `nft list flowtable ${FLOWS.table} fast`);
}

/** Makes the kernel's rules match the written ones. */
export async function applyRules(ground: Ground): Promise<void> {
  await ground.sh('gateway', `${APPLY}\n${LOAD_FLOWS}`);
}

/** Writes the rules of a host with these jobs, without applying them. */
export async function writeIptables(ground: Ground, jobs: readonly Job[]): Promise<void> {
  await writeContent(ground, forwardsOf(ground, jobs, 'iptables'));
}

/**
 * Portway's nginx as a reverse proxy for HTTP, with options that a team may add.
 * @param change an expression of sed that changes nginx.conf, for what no option leaves out
 */
export function portwayHttp(
  options: Partial<HttpForwardProps> = {},
  change = '',
  gateway: GatewaySettingsProps = {},
): Carrier {
  return (ground, jobs) =>
    startNginx(
      ground,
      jobs.map((job) => Forward.http({ listen: job.listen, to: targetOf(ground, job), ...options })),
      change,
      gateway,
    );
}

/** The same with the service that blocks who offends. */
export function portwayProtected(options: Partial<HttpForwardProps>, protect: ProtectProps): Carrier {
  return async (ground, jobs) => {
    await portwayHttp(options, '', { protect })(ground, jobs);
    // As its unit starts it.
    await ground.sh('gateway', 'mkdir -p /var/lib/portway; setsid /usr/local/bin/portway protect &');
    await ground.ready('gateway', 'offences are read', '[[ -S /run/portway-protect/offences ]]');
  };
}

/** The same for HTTPS, which includes HTTP/2, with the benchmark's certificate in place of the host's own. */
export function portwaySecure(options: Partial<HttpsForwardProps> = {}): Carrier {
  return (ground, jobs) =>
    startNginx(
      ground,
      jobs.map((job) =>
        Forward.https({ listen: job.listen, to: targetOf(ground, job), tls: Tls.selfSigned(), ...options }),
      ),
    );
}

export const portwayHttps = portwaySecure();

/** Portway's nginx for TCP and UDP, with options that a team may add. */
export function portwayTcp(options: Partial<TransportForwardProps> = {}): Carrier {
  return (ground, jobs) => startNginx(ground, forwardsOf(ground, jobs, 'nginx', options));
}

export const portwayStream = portwayTcp();

function forwardsOf(
  ground: Ground,
  jobs: readonly Job[],
  engine: Engine,
  { otherPort, ...options }: KernelOptions = {},
): readonly Forward[] {
  return jobs.map((job) => {
    const ports = [job.port, ...(otherPort === undefined ? [] : [otherPort])];
    const to = ports.map((port) => targetOf(ground, { ...job, port }));
    return Forward[job.protocol]({ listen: job.listen, to, engine, ...options } as TransportForwardProps);
  });
}

function targetOf(ground: Ground, { port }: Job): number | string {
  const host = remoteHost(ground);
  return host === undefined ? port : `${host}:${port}`;
}

/** @returns the files that were written */
async function writeContent(
  ground: Ground,
  forwards: readonly Forward[],
  gateway: GatewaySettingsProps = {},
): Promise<readonly HostFile[]> {
  const named = Object.fromEntries(forwards.map((forward, i) => [`forward-${i + 1}`, forward]));
  const problems = new Problems();
  const settings = readGatewaySettings(gateway, undefined, problems);
  problems.throwIfAny();
  const { files } = hostContent({ forwards: resolveForwardsOrThrow({ forwards: named }), settings, os: OS });
  for (const { path, text, mode } of files) await ground.put('gateway', path, text, mode);
  const sysctl = files.filter(({ path }) => path.startsWith('/etc/sysctl.d/')).map(({ path }) => path);
  // Settings of the whole machine cannot be set from a namespace, and do not differ between lanes.
  for (const path of sysctl) await ground.sh('gateway', `sysctl -eqp '${path}' 2>/dev/null || :`);
  return files;
}

/** The same with metrics: nginx logs for them, and the host's service reads these logs. */
export async function portwayWatched(ground: Ground, jobs: readonly Job[]): Promise<void> {
  const forwards = jobs.map((job) => Forward.http({ listen: job.listen, to: targetOf(ground, job) }));
  await startNginx(ground, forwards, '', {
    monitoring: { prometheus: { from: ['203.0.113.0/24'], port: METRICS_PORT } },
  });
  // As its unit starts it.
  await ground.sh('gateway', 'mkdir -p /var/lib/portway; setsid /usr/local/bin/portway metrics &');
  const read = `curl -s http://127.0.0.1:${METRICS_PORT}/metrics | grep -q '^portway_forward_info'`;
  await ground.ready('gateway', 'metrics are there', read);
}

async function startNginx(
  ground: Ground,
  forwards: readonly Forward[],
  change = '',
  gateway: GatewaySettingsProps = {},
): Promise<void> {
  const files = await writeContent(ground, forwards, gateway);
  await putCertificates(ground, files.find(({ path }) => path === '/etc/nginx/nginx.conf')?.text ?? '');
  if (change !== '') await ground.sh('gateway', `sed -i '${change}' /etc/nginx/nginx.conf`);
  const route = `ip route replace local ${SOURCE_ADDRESS} dev lo src 127.0.0.1`;
  await ground.sh('gateway', `mkdir -p ${NGINX_PATHS.logFolder} ${NGINX_PATHS.sockets}\n${route}\nnginx`);
  const asked = `curl -s --unix-socket ${NGINX_PATHS.socket} http://host/generation`;
  await ground.ready('gateway', 'nginx runs', `[[ $(${asked}) == '${GENERATION}' ]]`);
}

/** Puts the benchmark's certificate and key where nginx.conf expects them. */
async function putCertificates(ground: Ground, conf: string): Promise<void> {
  const paths = [...conf.matchAll(/\bssl_certificate(?:_key)? (\S+);/g)].map(([, path]) => path as string);
  if (paths.length === 0) return;
  const made = await putCertificate(ground);
  for (const path of new Set(paths)) {
    await ground.sh('gateway', `mkdir -p "$(dirname '${path}')"; install -m 600 ${made}.pem '${path}'`);
  }
}
