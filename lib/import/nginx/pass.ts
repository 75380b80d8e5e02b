import type { HttpContext, Options, ServerContext } from './context';
import type { Directive } from './directives';
import type { Scope } from './scope';
import { type Targets, targetsOf } from './targets';

/** What `proxy_pass` or `grpc_pass` leads to, with the props that go with it. */
export interface TargetsAnswer {
  readonly kind: 'targets';
  readonly targets: Targets;
  readonly props: Options;
}

const PASS = /^(https?|grpcs?):\/\/((?:unix:[^:]*|\[[^\]]*\]|[^/:]+)(?::(?:\d+|\$\w+))?)(\/.*|\$request_uri|\$uri.*)?$/;

/** @returns undefined, and says why, if it leads to nothing that can be a target */
export function passOf(
  said: Directive,
  scope: Scope,
  paths: readonly string[],
  context: ServerContext,
): TargetsAnswer | undefined {
  const { ledger } = context;
  const [text = ''] = said.args;
  const url = scope.resolve(text);
  const match = PASS.exec(said.name === 'grpc_pass' && !url.includes('://') ? `grpc://${url}` : url);
  if (match === null) {
    ledger.remark('lost', said, url.includes('$') ? 'the target depends on a variable' : 'is not http://host:port');
    return undefined;
  }
  const [, scheme = '', authority = '', uri = ''] = match;
  if (scheme === 'https' || scheme === 'grpcs') {
    ledger.remark(
      'lost',
      said,
      'the target speaks TLS: Forward.tls passes TLS through untouched, Forward.https speaks plain HTTP to targets',
    );
    return undefined;
  }
  const targets = targetsOf(authority, context.upstreams, said, 80, ledger);
  if (targets === undefined) return undefined;
  ledger.take(said, ...scope.sets(text));
  const strip = stripOf(said, scope, uri, paths, context);
  if (strip === undefined) return undefined;
  if (uri !== '' && !uri.startsWith('$'))
    ledger.remarkDefault(
      'differs',
      said,
      'targets see the path as the client wrote it: nginx decodes it here, such as %2F, and makes one slash of two',
    );
  const isGrpc = scheme === 'grpc';
  return {
    kind: 'targets',
    targets: withTries(targets, scope, context),
    props: { ...(isGrpc ? { protocol: 'grpc' } : {}), ...(strip ? { stripPrefix: true } : {}) },
  };
}

/** Whether the target sees the path without its prefix; undefined if it sees another one. */
function stripOf(
  said: Directive,
  scope: Scope,
  uri: string,
  paths: readonly string[],
  { ledger }: ServerContext,
): boolean | undefined {
  const rewrites = scope.here('rewrite');
  const [rewrite] = rewrites;
  const prefix = paths.find((path) => path.endsWith('/*'))?.slice(0, -1);
  if (rewrite !== undefined) {
    const [pattern = '', to = '', flag] = rewrite.args;
    const strips = [`^${prefix}(.*)$`, `^${prefix}(.*)`, `${prefix}(.*)`].includes(pattern) && to === '/$1';
    const slash = prefix?.slice(0, -1);
    const loose =
      [`^${slash}(/.*)$`, `^${slash}(.*)$`, `^${slash}(/.*)`, `^${slash}(.*)`, `${slash}(.*)`].includes(pattern) &&
      to === '$1';
    const looser = [`^${slash}/?(.*)$`, `^${slash}/?(.*)`].includes(pattern) && to === '/$1';
    if (rewrites.length > 1 || flag !== 'break' || !(strips || loose || looser)) {
      for (const one of rewrites)
        ledger.remark('lost', one, 'targets see the path as it is, or without its prefix (stripPrefix)');
      return false;
    }
    ledger.take(rewrite);
    return prefix !== '/';
  }
  if (uri === '' || uri.startsWith('$')) return false;
  const location = paths[0]?.endsWith('*') ? prefix : paths[0];
  if (uri === location || (uri === '/' && prefix === '/')) return false;
  if (paths.length === 1 && prefix === undefined) {
    ledger.remark('lost', said, 'targets see the path as it is');
    return undefined;
  }
  if (uri === '/' && paths.length > 1)
    ledger.remark(
      'differs',
      said,
      `targets see /x for ${paths[0]}/x: nginx leaves the path's own slash, and makes //x of it`,
    );
  if (uri === '/') return true;
  if (paths.length > 1 && uri === prefix?.slice(0, -1)) return false;
  ledger.remark('lost', said, 'targets see the path as it is, or without its prefix (stripPrefix)');
  return undefined;
}

/** `proxy_next_upstream` of several targets. */
function withTries(targets: Targets, scope: Scope, { ledger }: HttpContext): Targets {
  const failover: Record<string, unknown> = {};
  for (const [name, prop] of [
    ['proxy_next_upstream_tries', 'tries'],
    ['proxy_next_upstream_timeout', 'timeout'],
  ] as const) {
    const said = scope.last(name);
    const value = Number.parseInt(said?.args[0] ?? '', 10);
    if (said === undefined) continue;
    if (value > 0 && targets.count > 1) {
      ledger.take(said);
      failover[prop] = Math.min(value, prop === 'tries' ? 10 : 300);
    } else ledger.remark('own', said, targets.count > 1 ? `failover.${prop} has its default` : 'there is one target');
  }
  const when = scope.last('proxy_next_upstream');
  if (when?.args.includes('off') && targets.count > 1) {
    ledger.take(when);
    failover.tries = 1;
  } else if (when?.args.includes('non_idempotent'))
    ledger.remark('differs', when, 'POST and PATCH are never sent twice');
  else if (when !== undefined) ledger.remark('own', when, 'failover says when the next target is tried');
  if (Object.keys(failover).length === 0) return targets;
  return { ...targets, failover: { ...targets.failover, ...failover } };
}
