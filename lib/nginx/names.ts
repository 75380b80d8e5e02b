import type { PortForward } from '../forward/resolved';

/** Where the host keeps what belongs to nginx. The scripts in assets/ use the same paths. */
export const NGINX_PATHS = {
  logFolder: '/var/log/portway',
  /** Answers `/generation` with the hash of the running configuration: a reload that failed silently is found out. */
  socket: '/run/portway-nginx.sock',
} as const;

/** Names of upstreams and variables: an upstream is known by its forward's name, a variable has no hyphens. */
export function upstreamName(forward: PortForward): string {
  return `portway-${forward.name}`;
}

export function variableName(prefix: string, forward: PortForward): string {
  return `$portway_${prefix}_${forward.name.replaceAll('-', '_')}`;
}

/** The files of a forward's self-signed certificate, made by the host. */
export function certificateFiles(name: string): { readonly certificate: string; readonly key: string } {
  return { certificate: `/etc/portway/tls/${name}.crt`, key: `/etc/portway/tls/${name}.key` };
}
