import { createHash } from 'node:crypto';
import type { Certificate } from '../forward/tls';

/** Where the host keeps what belongs to nginx. The scripts in assets/ use the same paths. */
export const NGINX_PATHS = {
  logFolder: '/var/log/portway',
  /** Answers `/generation` with the hash of the running configuration: a reload that failed silently is found out. */
  socket: '/run/portway-nginx/host.sock',
  /** For root and nginx's workers alone: what comes in by its sockets is believed, the client's address too. */
  sockets: '/run/portway-nginx',
  /** Address of what refuses TLS. */
  closed: 'unix:/run/portway-nginx/closed.sock',
  /** There while the gateway is closed for maintenance. */
  maintenance: '/etc/portway/maintenance',
  /** What a CA finds of the gateway's while it checks a domain. */
  acme: '/run/portway-acme',
} as const;

/**
 * In place of it the host writes the hash of nginx.conf, which the running nginx then answers. Made at synth, it would be the hash of a
 * text that may hold tokens, and the number of a token says nothing.
 */
export const GENERATION = '@generation@';

/** Address at which a forward is handed connections of a port that it shares. */
export function handOver(forward: string): string {
  return `unix:${NGINX_PATHS.sockets}/tls-${forward}.sock`;
}

/** The name of a group of targets, by its forward's name or its route's id. */
export function upstreamName(id: string): string {
  return `portway-${id}`;
}

/** A variable has neither hyphens nor dots, and nginx has room for some 46 characters of its name: a long one ends in a hash. */
export function variableName(prefix: string, id: string): string {
  const name = `$portway_${prefix}_${id.replaceAll('-', '_').replaceAll('.', '__')}`;
  if (name.length <= MAX_VARIABLE) return name;
  const hash = createHash('sha256').update(id).digest('hex').slice(0, 8);
  return `${name.slice(0, MAX_VARIABLE - 9)}_${hash}`;
}

const MAX_VARIABLE = 42;

/**
 * A forward's certificate and its key, in one file, so that one rename exchanges both: between two, a power cut could leave a pair that
 * does not match, and nginx would not start. The source stands in its name: after a change of it nothing old is taken for the new.
 */
export function certificateFile(forward: string, source: Certificate['source']): string {
  return `${CERTIFICATES}/${forward}.${source}.pem`;
}

const CERTIFICATES = '/etc/portway/tls';
