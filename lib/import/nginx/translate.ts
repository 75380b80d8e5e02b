import type { ImportedForward } from '../imported';
import { ImportError } from '../imported';
import type { Ledger } from '../ledger';
import type { Directive } from './directives';
import { httpForwards } from './http';
import { readWithIncludes } from './includes';
import { OF_FILES, ownReason, protects } from './own';
import { readListen } from './server';
import { streamForwards } from './stream';

/** What a file says, before the forwards are checked. */
export interface Translated {
  readonly forwards: ReadonlyMap<string, ImportedForward>;
  readonly gateway: Readonly<Record<string, unknown>>;
}

/** The forwards of an nginx.conf, or of a file that nginx.conf includes. @throws ImportError */
export function readNginx(file: string, text: string, ledger: Ledger): Translated {
  const all = readWithIncludes(file, text, ledger);
  const { http, stream } = placesOf(all, file);
  if (http.length === 0 && stream.length === 0) throw new ImportError({ file }, 'has no server');
  ledger.take(...all.filter(({ name }) => name === 'http' || name === 'stream'));
  const securePorts = new Set(http.filter(({ name }) => name === 'server').flatMap(({ body }) => portsOf(body ?? [])));
  const { forwards: ofStream, moved, hasIpv6: streamIpv6 } = streamForwards(stream, securePorts, ledger);
  const { forwards: ofHttp, hasIpv6 } = httpForwards(http, moved, ledger);
  const caches = hasCache(all);
  for (const one of all) tellRest(one, caches, ledger);
  return {
    forwards: new Map([...ofHttp, ...ofStream]),
    gateway: { ...(hasIpv6 || streamIpv6 ? { ipv6: true } : {}) },
  };
}

interface Places {
  readonly http: readonly Directive[];
  readonly stream: readonly Directive[];
}

/** What stands in the blocks http and stream, or would: a file that nginx.conf includes stands in one of them. */
function placesOf(all: readonly Directive[], file: string): Places {
  const inside = (name: string) => all.flatMap((one) => (one.name === name ? (one.body ?? []) : []));
  const loose = all.filter(({ name }) => name !== 'http' && name !== 'stream');
  const servers = loose.filter(({ name }) => name === 'server');
  // In http only a location leads to a target.
  const ofStream = servers.filter(({ body }) => body?.some(({ name }) => name === 'proxy_pass'));
  if (ofStream.length > 0)
    return {
      http: [...inside('http'), ...loose.filter((one) => !ofStream.includes(one))],
      stream: [...inside('stream'), ...loose.filter((one) => !servers.includes(one)), ...ofStream],
    };
  // A file of snippets stands in a server.
  const inServer = servers.length === 0 && loose.some(({ name }) => name === 'location');
  const around = { name: 'server', args: [], file, line: 1, text: 'server', body: loose };
  const http = [...inside('http'), ...(inServer ? [around] : loose)];
  const hasServer = [...http, ...inside('stream')].some(({ name }) => name === 'server');
  return hasServer || all.length !== loose.length ? { http, stream: inside('stream') } : { http: [], stream: [] };
}

/** Ports of `listen … ssl`. */
function portsOf(body: readonly Directive[]): readonly string[] {
  return body.flatMap((one) => {
    const listen = one.name === 'listen' ? readListen(one) : undefined;
    return listen?.parameters.includes('ssl') ? [listen.port] : [];
  });
}

/** Directives that do something when they are off. */
const NOT_TO_SWITCH_OFF = new Set(['ignore_invalid_headers', 'proxy_pass_request_headers', 'proxy_pass_request_body']);

/** Directives that are read where requests are forwarded. */
const OF_FORWARDS = new Set(
  `add_header proxy_hide_header proxy_set_header grpc_set_header limit_req limit_conn limit_req_status limit_conn_status
  client_max_body_size client_body_timeout client_header_timeout send_timeout proxy_read_timeout proxy_send_timeout
  proxy_connect_timeout grpc_read_timeout grpc_send_timeout proxy_buffering proxy_request_buffering proxy_next_upstream
  proxy_next_upstream_tries proxy_next_upstream_timeout set_real_ip_from real_ip_header real_ip_recursive
  large_client_header_buffers underscores_in_headers ssl_certificate ssl_protocols ssl_reject_handshake http3 set`.split(
    /\s+/,
  ),
);

function hasCache(all: readonly Directive[]): boolean {
  return all.some(({ name, args, body }) => (name === 'proxy_cache' && args[0] !== 'off') || hasCache(body ?? []));
}

/** Everything that nothing has accounted for. */
function tellRest(one: Directive, caches: boolean, ledger: Ledger): void {
  if (!ledger.has(one)) tell(one, caches, ledger);
  if (ledger.covers(one)) return;
  for (const inner of one.body ?? []) tellRest(inner, caches, ledger);
}

function tell(one: Directive, caches: boolean, ledger: Ledger): void {
  const { name, args } = one;
  const why = ownReason(name);
  const off = args.length === 1 && args[0] === 'off' && !NOT_TO_SWITCH_OFF.has(name);
  if (protects(one) && !OF_FORWARDS.has(name)) ledger.remark('unprotected', one, 'it has no counterpart');
  else if (why !== undefined) ledger.remark('own', one, why);
  else if (OF_FORWARDS.has(name)) ledger.remark('own', one, 'it holds for nothing that is forwarded');
  else if (OF_FILES.has(name)) ledger.remark('own', one, 'no files are served');
  else if (off) ledger.remark('own', one, 'it is off');
  else if (name === 'map' && /^\$http_(upgrade|connection)$/.test(args[0] ?? ''))
    ledger.remark('own', one, 'upgrades to WebSocket pass anyway');
  else if (/^proxy_(cache_(bypass|key|use_stale|valid|methods|min_uses)|no_cache)$/.test(name) && !caches)
    ledger.remark('own', one, 'nothing is cached there');
  else if (name === 'upstream') ledger.remark('own', one, 'nothing leads to it');
  else if (/^(limit_(req|conn)_zone|proxy_cache_path)$/.test(name)) ledger.remark('own', one, 'nothing uses it');
  else if (name === 'proxy_redirect' && /^(default|https?:\/\/.*)$/.test(args[0] ?? ''))
    ledger.remark('own', one, "the gateway puts its own address into targets' redirects");
  else if (name === 'error_page')
    ledger.remark('differs', one, 'errors of the gateway get its own page (errors), those of targets pass');
  else if (/^(gzip|brotli)_/.test(name)) ledger.remark('own', one, 'nothing is compressed here');
  else if (name === 'gzip' || name === 'brotli')
    ledger.remark('lost', one, 'answers are passed on as they are: let targets compress them');
  else ledger.remark('lost', one, 'it has no counterpart');
}
