import type { LineChanges } from './lines';

/** What tells a prop in a line of nginx.conf or of rules. A line that another prop may have too tells nothing. */
const MARKS: readonly (readonly [prop: string, mark: RegExp])[] = [
  ['tls', /^ssl_certificate(_key)? /],
  ['hsts', /\$portway_hsts_/],
  ['http3', /^listen \S+ quic\b/],
  ['routes', /^location (= |~ )?\/(?!\.portway)\S/],
  ['redirectTo', /^return 30[18] /],
  ['balance', /^(least_conn|hash |random )|-j HMARK|\$portway_target/],
  ['cache', /^proxy_cache /],
  ['streaming', /^proxy_request_buffering /],
  ['limits', /^limit_(req|conn) (zone=)?(rate|open)-|-m (hashlimit|connlimit) /],
  ['maxBodyMiB', /^client_max_body_size /],
  // Streams have times of their own.
  ['timeouts', /^proxy_read_timeout (?!3600s|86400s)/],
  ['methods', /^if \(\$request_method !~ /],
  [
    'headers',
    /^add_header (?!X-Request-ID|X-Content-Type-Options|Retry-After|Upgrade|Allow|Strict-Transport-Security|Alt-Svc|X-Cache)/,
  ],
  ['logs', /^access_log \S+access\.log /],
  ['errors', /^map \$portway_form \$portway_page_/],
  ['trustedProxies', /^set_real_ip_from /],
  ['maintenance', /^include \/etc\/portway\/maintenance\//],
  ['maxHeaderKiB', /^large_client_header_buffers /],
  ['idleTimeout', /^proxy_timeout /],
  ['proxyProtocol', /^proxy_protocol |^listen .* proxy_protocol\b/],
  ['responses', /^proxy_responses /],
  ['preserveClientAddress', /^-A PORTWAY-KEEP /],
  ['interface', /^-A PORTWAY-DNAT -i /],
];

/** What a target's line has of two props, beside the target. */
const OF_TARGETS: readonly (readonly [prop: string, part: RegExp])[] = [
  ['weight', / weight=\d+|--probability \S+/g],
  ['failover', / max_fails=[1-9]\d* fail_timeout=\d+s/g],
];

/**
 * The props that changed lines of a forward belong to, in the words of Portway's options. Not all props have lines of their own, so
 * there may be more. Where places of a forward come or go, their lines tell nothing but that.
 *
 * @param changes the changed lines of its rules and of its part of nginx.conf, without indentation
 * @param files names of its changed files
 */
export function propNames({ gone, come }: LineChanges, files: readonly string[]): readonly string[] {
  const lines = [...gone, ...come];
  const found = MARKS.flatMap(([prop, mark]) => (lines.some((line) => mark.test(line)) ? [prop] : []));
  const places = found.filter((prop) => prop === 'routes' || prop === 'redirectTo');
  const isMoved = lines.some((line) => /^upstream /.test(line));
  const ofTargets = OF_TARGETS.flatMap(([prop, part]) => {
    const [old, now] = [gone, come].map((side) => [...new Set(side.flatMap((line) => line.match(part) ?? []))].sort());
    return !isMoved && `${old}` !== `${now}` ? [prop] : [];
  });
  const keepAlive = !isMoved && lines.some((line) => /^keepalive \d/.test(line)) ? ['targetKeepAlive'] : [];
  const health = files.includes('health.json') ? ['healthCheck'] : [];
  return places.length > 0 ? places : [...found, ...ofTargets, ...keepAlive, ...health];
}
