import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeBodies } from '../lab/bodies';
import type { Ground } from '../lab/ground';
import { APPLICATION_PORT } from '../lab/lane';
import { putCertificate } from './certificate';
import type { Carrier, Job } from './job';

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

/** The same for HTTPS, as its documentation shows it. `more`: further directives that end without a semicolon. */
async function nginxSecure(ground: Ground, jobs: readonly Job[], ...more: readonly string[]): Promise<void> {
  const file = await putCertificate(ground);
  const certificate = [`ssl_certificate ${file}.crt`, `ssl_certificate_key ${file}.key`];
  const listener = [`${jobs[0]?.listen} ssl`, ...certificate, ...more].join('; ');
  await startNginx(ground, SITE, await configuration('nginx-site.conf', ground, jobs, { LISTENER: listener }));
}

export const nginxStockTls: Carrier = (ground, jobs) => nginxSecure(ground, jobs);

export const nginxStockHttp2: Carrier = (ground, jobs) => nginxSecure(ground, jobs, 'http2 on');

export const nginxStockHttp3: Carrier = (ground, jobs) =>
  nginxSecure(ground, jobs, `listen ${jobs[0]?.listen} quic reuseport`);

/** The same, with a limit of one request in a second. */
export const nginxStockLimited: Carrier = async (ground, jobs) =>
  startNginx(ground, SITE, await configuration('nginx-site-limited.conf', ground, jobs));

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

/** Debian's is built on OpenSSL, whose parts for QUIC it needs to be told to use. */
export async function haproxyHttp3(ground: Ground, jobs: readonly Job[]): Promise<void> {
  const certificate = await putCertificate(ground);
  const listener = `${jobs[0]?.listen} ssl crt ${certificate}.pem\n    bind quic4@:${jobs[0]?.listen} ssl crt ${certificate}.pem alpn h3`;
  const text = await configuration('haproxy.cfg', ground, jobs, { LISTENER: listener });
  await startHaproxy(ground, text.replace('global\n', 'global\n    limited-quic\n'));
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
