import type { Protect } from '../forward/protect';
import { isWebForward, type NginxForward } from '../forward/resolved';
import {
  blankedNames,
  commonHeaders,
  forwardHeaders,
  hostServerLines,
  leadsBeside,
  linesOf,
  upstreamLines,
  usesClientKey,
} from '../http/contributions';
import type { HttpScope, Part } from '../http/feature';
import { ALL_REQUESTS } from '../http/logs';
import { type Block, block } from './block';
import { clientKey } from './client-key';
import type { NginxDialect } from './dialect';
import { HTTP_MEASURES, measuredHttp } from './metrics';
import { GENERATION, NGINX_PATHS } from './names';
import { placeDefaults } from './places';
import { offenceMaps, tellLines } from './protect';
import { proxyDefaults } from './proxy-headers';
import { factMaps, requestFacts } from './request-facts';
import { servers } from './server';
import { closedNames } from './sni';
import { resolver, upstream } from './upstream';

/** Lines that belong to no option, between those of the features. */
const CORE: readonly Part<HttpScope>[] = [
  { order: 10, lines: ({ facts }) => factMaps(facts) },
  { order: -1, lines: ({ facts, forwards }) => offenceMaps(facts.protect, forwards) },
  { order: 22, lines: ({ memoryMiB }) => answerBuffers(memoryMiB) },
  { order: 30, lines: ({ facts }) => proxyDefaults(facts) },
  { order: 68, lines: ({ forwards }) => (usesClientKey(forwards) ? ['', clientKey()] : []) },
  { order: 80, lines: ({ forwards }) => placeDefaults(forwards, leadsBeside) },
  { order: 100, lines: ({ forwards }) => resolver(forwards) },
];

const httpLines = linesOf('http', CORE);
const forwardLines = linesOf('forward');

/** The http context: HTTP and HTTPS forwards, and the answer that proves which configuration is running. */
export function httpContext(
  forwards: readonly NginxForward[],
  dialect: NginxDialect,
  memoryMiB: number,
  protect: Protect | undefined,
  measured: boolean,
): Block {
  const own = forwards.filter(isWebForward);
  const facts = requestFacts(own, { headers: commonHeaders(own), blanked: blankedNames(own), protect, measured });
  return block('http', [
    'server_tokens off;',
    'absolute_redirect off;  # redirects within a site are paths',
    // The gateway's own answers must not depend on a mime.types file. Targets set the types of theirs.
    'default_type text/plain;',
    'uninitialized_variable_warn off;  # unset variables are empty',
    // nginx takes memory for a request in blocks of this size, 4k by default. Such a request fills four of those.
    ...(own.length > 0 ? ['request_pool_size 16k;'] : []),
    ...(own.some((f) => f.sites.some(({ host = '' }) => host.length > 40))
      ? ['server_names_hash_bucket_size 512;  # for the longest of the names below']
      : []),
    ...(own.length > 0 ? httpLines({ forwards: own, facts, memoryMiB }) : []),
    '',
    '# The host asks which configuration runs.',
    block('server', [
      `listen unix:${NGINX_PATHS.socket};`,
      'access_log off;',
      block('location = /generation', [`return 200 "${GENERATION}";`]),
      block('location /', [...hostServerLines(own), 'return 404;']),
    ]),
    ...(measured && own.length > 0 ? ['', ...HTTP_MEASURES] : []),
    ...closedNames(forwards.filter((f) => !isWebForward(f))),
    ...own.flatMap((forward) => [
      '',
      `# ${forward.name}`,
      ...forwardLines({ forward, facts, forwardHeaders: forwardHeaders(forward) }),
      ...forward.sites.flatMap((site) => site.routes.flatMap((route) => upstream(route, upstreamLines(route)))),
      ...(measured
        ? measuredHttp(forward.name, servers(forward, dialect, facts), [...ALL_REQUESTS, ...tellLines(protect)])
        : servers(forward, dialect, facts)),
    ]),
  ]);
}

/** How much of an answer to a slow reader may wait in memory, and then in a bounded file. */
function answerBuffers(memoryMiB: number): readonly string[] {
  return [
    '# Slow readers: a memory buffer that lets 300 of them fit into a quarter of the memory, then a bounded file.',
    `proxy_buffers ${buffers(memoryMiB)} 64k;`,
    'proxy_max_temp_file_size 8m;',
  ];
}

/** How much one answer to a slow reader may hold in memory, given the host's memory. */
function buffers(memoryMiB: number): number {
  // A quarter of the memory for 300 slow readers. For each, one buffer's size is kept for everything else.
  return Math.max(4, Math.min(16, Math.floor((memoryMiB / 4 / 300) * 16) - 1));
}
