import type { Fate } from '../imported';
import type { Directive } from './directives';
import { OF_FILES, protects } from './own';
import type { Scope } from './scope';

/** What has a counterpart in a location. */
export const PASSES = ['proxy_pass', 'grpc_pass'];

const OTHER_PASSES = ['fastcgi_pass', 'uwsgi_pass', 'scgi_pass', 'memcached_pass'];

/** Locations that keep clients from files such as `.htaccess`: without files there is nothing to keep. */
const HIDDEN_FILES =
  /\\\.(?:ht|git|svn|env|\w|\(|\[)|\/\\\.|\\\.(php|phps|inc|bak|sql|log|sh|ini|conf|yml|lock)|\.ht|\.git|\.env/;

const ACME = /\.?well-known\/?\\?\/?(acme|pki)|well-known\/?$/;

/** What to say of a location that leads to nothing; undefined if it only holds others. */
export function lostLocation(
  location: Directive,
  scope: Scope,
  why: string | undefined,
): { readonly fate: Fate; readonly why: string } | undefined {
  const body = location.body ?? [];
  const text = location.args.join(' ');
  const passes = scope.here(...PASSES).length > 0;
  if (ACME.test(text) && !passes) return { fate: 'own', why: "Tls.letsEncrypt answers its CA's checks itself" };
  if (/^(\^~ )?\/$/.test(text) && body.some((one) => one.text === 'return 404') && body.length === 1)
    return { fate: 'own', why: 'paths that lead to no target get 404' };
  const refuses = scope.here('return').some(({ args }) => /^4\d\d$/.test(args[0] ?? ''));
  if (refuses || scope.here('deny').length > 0)
    return {
      fate: HIDDEN_FILES.test(text) ? 'lost' : 'unprotected',
      why: 'a path cannot be closed: its requests go where those around it go',
    };
  const holdsOthers = body.some(({ name }) => name === 'location');
  if (holdsOthers && body.every(({ name }) => name === 'location' || OF_FILES.has(name))) return undefined;
  const isProtected = body.some(protects);
  return { fate: isProtected ? 'unprotected' : 'lost', why: why ?? reasonOf(scope, passes) };
}

function reasonOf(scope: Scope, passes: boolean): string {
  const [other] = scope.here(...OTHER_PASSES);
  if (other !== undefined) return `${other.name}: targets speak HTTP or gRPC`;
  if (passes || scope.here('return', 'rewrite').length > 0) return 'its target or answer has no counterpart';
  return 'files are not served: its requests go where those around it go';
}
