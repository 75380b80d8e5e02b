import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { APPLICATION_PORT, type Lane } from '../lab/lane';
import type { Job } from './job';

/** A peer's configuration file of this folder, for one job. */
async function configuration(file: string, lane: Lane, jobs: readonly Job[]): Promise<string> {
  const [job] = jobs;
  const text = await readFile(join(__dirname, file), 'utf8');
  return text
    .replaceAll('LISTEN', `${job?.listen}`)
    .replaceAll('TARGET', `${lane.target}:${job?.port ?? APPLICATION_PORT}`);
}

/** Debian's nginx with its own nginx.conf, and a site with a bare `proxy_pass`. */
export async function nginxStock(lane: Lane, jobs: readonly Job[]): Promise<void> {
  await lane.put('gateway', '/etc/nginx/sites-enabled/default', await configuration('nginx-site.conf', lane, jobs));
  await lane.sh('gateway', 'nginx');
}

export async function haproxy(lane: Lane, jobs: readonly Job[]): Promise<void> {
  await lane.put('gateway', '/etc/haproxy/haproxy.cfg', await configuration('haproxy.cfg', lane, jobs));
  await lane.sh('gateway', 'haproxy -f /etc/haproxy/haproxy.cfg');
}

export async function caddy(lane: Lane, jobs: readonly Job[]): Promise<void> {
  await lane.put('gateway', '/etc/caddy/Caddyfile', await configuration('Caddyfile', lane, jobs));
  await lane.sh('gateway', 'HOME=/root caddy start --config /etc/caddy/Caddyfile >/var/log/caddy/caddy.log 2>&1');
}

/** A process for each connection or flow; what many guides give as the way without root's tools. */
export async function socat(lane: Lane, jobs: readonly Job[]): Promise<void> {
  for (const { protocol, listen, port } of jobs) {
    const [from, to] = protocol === 'tcp' ? ['TCP4-LISTEN', 'TCP4'] : ['UDP4-LISTEN', 'UDP4'];
    const words = `${from}:${listen},fork,reuseaddr${protocol === 'tcp' ? ',backlog=4096' : ''} ${to}:${lane.target}:${port}`;
    await lane.sh('gateway', `setsid socat ${words} </dev/null >/dev/null 2>&1 &`);
  }
}
