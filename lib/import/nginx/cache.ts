import type { Ledger } from '../ledger';
import type { HttpContext, Options } from './context';
import type { Directive } from './directives';
import type { Scope } from './scope';
import { bytes, seconds, within } from './units';

/** The disk space of a cache that has no bound, in MB. */
const UNBOUNDED_MB = 1024;

/** Keys that tell pages apart by their URL. */
const BY_URL =
  /^"?(\$scheme)?(\$request_method)?(\$scheme)?(:\/\/)?(\$(proxy_host|host|http_host))?(\$(proxy_port|server_port))?\|?(\$request_uri|\$uri\$is_args\$args)"?$/;

/** `proxy_cache` and what goes with it. */
export function readCache(scope: Scope, { ledger, http }: HttpContext): Options {
  const said = scope.last('proxy_cache');
  if (said === undefined) return {};
  ledger.take(said);
  const [zone] = said.args;
  if (zone === 'off') return {};
  const path = http
    .here('proxy_cache_path')
    .find(({ args }) => args.some((arg) => arg.startsWith(`keys_zone=${zone}`)));
  if (path === undefined) {
    ledger.remark('lost', said, 'the cache is not defined');
    return {};
  }
  ledger.take(path);
  const value = (name: string) => path.args.find((arg) => arg.startsWith(`${name}=`))?.slice(name.length + 1);
  const size = bytes(value('max_size'));
  if (size === undefined) ledger.remark('differs', path, `a cache has a size: ${UNBOUNDED_MB} MB`);
  const keepFor = seconds(value('inactive')) ?? 600;
  const validFor = readValid(scope.all('proxy_cache_valid'), ledger);
  tellOthers(scope, ledger);
  return {
    cache: {
      sizeMb: within((size ?? UNBOUNDED_MB * 1024 ** 2) / 1024 ** 2, 10, 1_000_000),
      ...(validFor === undefined ? {} : { validFor }),
      keepFor: within(keepFor, 60, 31_536_000),
      ...(scope.last('proxy_cache_lock')?.args[0] === 'on' ? {} : { waitForFill: 0 }),
    },
  };
}

/** How long good answers are fresh. */
function readValid(all: readonly Directive[], ledger: Ledger): number | undefined {
  let validFor: number | undefined;
  for (const one of all) {
    const statuses = one.args.slice(0, -1);
    const time = seconds(one.args.at(-1));
    const good = statuses.length === 0 || statuses.some((status) => /^(200|301|308|any)$/.test(status));
    if (good && time !== undefined && time >= 1) {
      ledger.take(one);
      if (validFor === undefined) validFor = within(time, 1, 31_536_000);
      if (statuses.some((status) => !/^(200|301|308)$/.test(status)))
        ledger.remark('differs', one, 'validFor is for 200, 301 and 308 alone');
    } else {
      ledger.remark('lost', one, 'validFor is for 200, 301 and 308: other answers are kept as their own headers say');
    }
  }
  return validFor;
}

function tellOthers(scope: Scope, ledger: Ledger): void {
  const key = scope.last('proxy_cache_key');
  if (key !== undefined) {
    if (BY_URL.test(key.args.join(''))) ledger.take(key);
    else ledger.remark('lost', key, 'pages are told apart by host, path and query: see cache.query');
  }
  const stale = scope.last('proxy_cache_use_stale');
  if (stale !== undefined)
    ledger.remark(
      'differs',
      stale,
      'stale answers are used only as their own stale-if-error and stale-while-revalidate allow',
    );
  for (const one of [...scope.all('proxy_cache_bypass'), ...scope.all('proxy_no_cache')]) {
    if (
      one.args.every((arg) =>
        /^\$(http_authorization|http_cache_control|http_pragma|cookie_\w+|arg_nocache)$/.test(arg),
      )
    )
      ledger.remark(
        'differs',
        one,
        "requests with cookies or Authorization, and 'no-cache', bypass the cache by themselves",
      );
    else ledger.remark('lost', one, 'what is cached follows from cookies and from the headers of answers');
  }
}
