import { createHash } from 'node:crypto';
import type { Certificate } from '../forward/tls';

/** Where the host keeps nginx's files. The scripts in assets/ use the same paths. */
export const NGINX_PATHS = {
  logFolder: '/var/log/portway',
  /** Answers `/generation` with the hash of the running configuration, which shows reloads that failed silently. */
  socket: '/run/portway-nginx/host.sock',
  /**
   * Only root and nginx's workers may enter: whatever arrives through these sockets is trusted, including the client's
   * address.
   */
  sockets: '/run/portway-nginx',
  /** Address of the server that refuses TLS. */
  closed: 'unix:/run/portway-nginx/closed.sock',
  /** This file exists during maintenance. */
  maintenance: '/etc/portway/maintenance',
  /** Where the answers to a CA's domain checks are served from. */
  acme: '/run/portway-acme',
} as const;

/**
 * The host replaces it by the hash of nginx.conf, and the running nginx answers with that hash. Synth cannot compute
 * it: the text may hold tokens, and a token's number says nothing about its value.
 */
export const GENERATION = '@generation@';

/** Where a forward takes over the connections of a port that it shares. */
export function handOver(forward: string): string {
  return `unix:${NGINX_PATHS.sockets}/tls-${forward}.sock`;
}

/** The name of a group of targets, made from its forward's name or its route's id. */
export function upstreamName(id: string): string {
  return `portway-${id}`;
}

/**
 * Variable names have neither hyphens nor dots, and nginx has room for about 46 characters. A long name ends in a hash.
 */
export function variableName(prefix: string, id: string): string {
  const name = `$portway_${prefix}_${id.replaceAll('-', '_').replaceAll('.', '__')}`;
  if (name.length <= MAX_VARIABLE) return name;
  const hash = createHash('sha256').update(id).digest('hex').slice(0, 8);
  return `${name.slice(0, MAX_VARIABLE - 9)}_${hash}`;
}

const MAX_VARIABLE = 42;

/**
 * A forward's certificate and key, in one file, so that a single rename replaces both. With two files, a power cut
 * could leave a pair that does not match, and nginx would not start. The file's name contains its source, so a changed
 * source never uses an old file.
 */
export function certificateFile(forward: string, source: Certificate['source']): string {
  return `${CERTIFICATES}/${forward}.${source}.pem`;
}

const CERTIFICATES = '/etc/portway/tls';
