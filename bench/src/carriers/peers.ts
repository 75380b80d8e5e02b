import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { APPLICATION_PORT, type Lane } from '../lab/lane';
import { putCertificate } from './certificate';
import type { Job } from './job';

/** A peer's configuration file of this folder, for one job. */
async function configuration(
  file: string,
  lane: Lane,
  jobs: readonly Job[],
  words: Readonly<Record<string, string>> = {},
): Promise<string> {
  const [job] = jobs;
  const all = { LISTENER: `${job?.listen}`, TARGET: `${lane.target}:${job?.port ?? APPLICATION_PORT}`, ...words };
  const text = await readFile(join(__dirname, file), 'utf8');
  return Object.entries(all).reduce((done, [word, value]) => done.replaceAll(word, value), text);
}

/** Debian's nginx with its own nginx.conf, and a site with a bare `proxy_pass`. */
export async function nginxStock(lane: Lane, jobs: readonly Job[]): Promise<void> {
  await startNginx(lane, '/etc/nginx/sites-enabled/default', await configuration('nginx-site.conf', lane, jobs));
}

/** Debian's nginx with its own nginx.conf, serving the application's bodies itself from its own disk. */
export async function nginxFile(lane: Lane, jobs: readonly Job[]): Promise<void> {
  await lane.makeBodies('gateway');
  await startNginx(lane, '/etc/nginx/sites-enabled/default', await configuration('nginx-site-file.conf', lane, jobs));
}

/** The same, tuned for speed: only files, which stay open, and a buffered log. */
export async function nginxFileTuned(lane: Lane, jobs: readonly Job[]): Promise<void> {
  await lane.makeBodies('gateway');
  await startNginx(lane, '/etc/nginx/nginx.conf', await configuration('nginx-file-tuned.conf', lane, jobs));
}

async function startNginx(lane: Lane, path: string, text: string): Promise<void> {
  await lane.put('gateway', path, text);
  await lane.sh('gateway', 'nginx');
}

export async function haproxy(lane: Lane, jobs: readonly Job[]): Promise<void> {
  await startHaproxy(lane, await configuration('haproxy.cfg', lane, jobs));
}

export async function haproxyTls(lane: Lane, jobs: readonly Job[]): Promise<void> {
  const listener = `${jobs[0]?.listen} ssl crt ${await putCertificate(lane)}.pem alpn h2,http/1.1`;
  await startHaproxy(lane, await configuration('haproxy.cfg', lane, jobs, { LISTENER: listener }));
}

async function startHaproxy(lane: Lane, text: string): Promise<void> {
  await lane.put('gateway', '/etc/haproxy/haproxy.cfg', text);
  await lane.sh('gateway', 'haproxy -f /etc/haproxy/haproxy.cfg');
}

export async function caddy(lane: Lane, jobs: readonly Job[]): Promise<void> {
  await startCaddy(lane, await configuration('Caddyfile', lane, jobs));
}

export async function caddyTls(lane: Lane, jobs: readonly Job[]): Promise<void> {
  const words = { CERTIFICATE: await putCertificate(lane) };
  await startCaddy(lane, await configuration('Caddyfile-tls', lane, jobs, words));
}

async function startCaddy(lane: Lane, text: string): Promise<void> {
  await lane.put('gateway', '/etc/caddy/Caddyfile', text);
  await lane.sh('gateway', 'HOME=/root caddy start --config /etc/caddy/Caddyfile >/var/log/caddy/caddy.log 2>&1');
}

/** One process for each connection or flow; many guides recommend it where root's tools are not available. */
export async function socat(lane: Lane, jobs: readonly Job[]): Promise<void> {
  for (const { protocol, listen, port } of jobs) {
    const [from, to] = protocol === 'tcp' ? ['TCP4-LISTEN', 'TCP4'] : ['UDP4-LISTEN', 'UDP4'];
    const words = `${from}:${listen},fork,reuseaddr${protocol === 'tcp' ? ',backlog=4096' : ''} ${to}:${lane.target}:${port}`;
    await lane.sh('gateway', `setsid socat ${words} </dev/null >/dev/null 2>&1 &`);
  }
}
