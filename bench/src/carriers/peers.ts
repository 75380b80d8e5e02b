import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeBodies } from '../lab/bodies';
import type { Ground } from '../lab/ground';
import { APPLICATION_PORT } from '../lab/lane';
import { putCertificate } from './certificate';
import type { Job } from './job';

/** A peer's configuration file of this folder, for one job. */
async function configuration(
  file: string,
  ground: Ground,
  jobs: readonly Job[],
  words: Readonly<Record<string, string>> = {},
): Promise<string> {
  const [job] = jobs;
  const all = { LISTENER: `${job?.listen}`, TARGET: `${ground.target}:${job?.port ?? APPLICATION_PORT}`, ...words };
  const text = await readFile(join(__dirname, file), 'utf8');
  return Object.entries(all).reduce((done, [word, value]) => done.replaceAll(word, value), text);
}

/** Where Debian's nginx looks for its sites. */
const SITE = '/etc/nginx/sites-enabled/default';

/** Debian's nginx with its own nginx.conf, and a site with a bare `proxy_pass`. */
export async function nginxStock(ground: Ground, jobs: readonly Job[]): Promise<void> {
  await startNginx(ground, SITE, await configuration('nginx-site.conf', ground, jobs));
}

/** The same for HTTPS, as its documentation shows it. */
export async function nginxStockTls(ground: Ground, jobs: readonly Job[]): Promise<void> {
  const file = await putCertificate(ground);
  const listener = `${jobs[0]?.listen} ssl; ssl_certificate ${file}.crt; ssl_certificate_key ${file}.key`;
  await startNginx(ground, SITE, await configuration('nginx-site.conf', ground, jobs, { LISTENER: listener }));
}

/** The same, with connections to the target that are kept. */
export async function nginxStockKept(ground: Ground, jobs: readonly Job[]): Promise<void> {
  await startNginx(ground, SITE, await configuration('nginx-site-kept.conf', ground, jobs));
}

/** Debian's nginx with its own nginx.conf, serving the application's bodies itself from its own disk. */
export async function nginxFile(ground: Ground, jobs: readonly Job[]): Promise<void> {
  await makeBodies(ground, 'gateway');
  await startNginx(ground, SITE, await configuration('nginx-site-file.conf', ground, jobs));
}

/** The same, tuned for speed: only files, which stay open, and a buffered log. */
export async function nginxFileTuned(ground: Ground, jobs: readonly Job[]): Promise<void> {
  await makeBodies(ground, 'gateway');
  await startNginx(ground, '/etc/nginx/nginx.conf', await configuration('nginx-file-tuned.conf', ground, jobs));
}

async function startNginx(ground: Ground, path: string, text: string): Promise<void> {
  await ground.put('gateway', path, text);
  await ground.sh('gateway', 'nginx');
}

export async function haproxy(ground: Ground, jobs: readonly Job[]): Promise<void> {
  await startHaproxy(ground, await configuration('haproxy.cfg', ground, jobs));
}

export async function haproxyTls(ground: Ground, jobs: readonly Job[]): Promise<void> {
  const listener = `${jobs[0]?.listen} ssl crt ${await putCertificate(ground)}.pem alpn h2,http/1.1`;
  await startHaproxy(ground, await configuration('haproxy.cfg', ground, jobs, { LISTENER: listener }));
}

async function startHaproxy(ground: Ground, text: string): Promise<void> {
  await ground.put('gateway', '/etc/haproxy/haproxy.cfg', text);
  await ground.sh('gateway', 'haproxy -f /etc/haproxy/haproxy.cfg');
}

export async function caddy(ground: Ground, jobs: readonly Job[]): Promise<void> {
  await startCaddy(ground, await configuration('Caddyfile', ground, jobs));
}

export async function caddyTls(ground: Ground, jobs: readonly Job[]): Promise<void> {
  const words = { CERTIFICATE: await putCertificate(ground) };
  await startCaddy(ground, await configuration('Caddyfile-tls', ground, jobs, words));
}

async function startCaddy(ground: Ground, text: string): Promise<void> {
  await ground.put('gateway', '/etc/caddy/Caddyfile', text);
  await ground.sh('gateway', 'HOME=/root caddy start --config /etc/caddy/Caddyfile >/var/log/caddy/caddy.log 2>&1');
}

/** One process for each connection or flow; many guides recommend it where root's tools are not available. */
export async function socat(ground: Ground, jobs: readonly Job[]): Promise<void> {
  for (const { protocol, listen, port } of jobs) {
    const [from, to] = protocol === 'tcp' ? ['TCP4-LISTEN', 'TCP4'] : ['UDP4-LISTEN', 'UDP4'];
    const words = `${from}:${listen},fork,reuseaddr${protocol === 'tcp' ? ',backlog=4096' : ''} ${to}:${ground.target}:${port}`;
    await ground.sh('gateway', `setsid socat ${words} </dev/null >/dev/null 2>&1 &`);
  }
}
