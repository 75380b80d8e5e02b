import type { Ledger } from '../ledger';
import type { Options } from './context';
import type { Scope } from './scope';

const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/i;
const VALUE = /^[\x21-\x23\x25-\x7e]([\x20-\x23\x25-\x7e]{0,1022}[\x21-\x23\x25-\x7e])?$/;

/** Headers that Portway sets or hides anyway. */
const HAS_ALREADY = new Set(['x-content-type-options: nosniff']);

/** Headers of answers: `add_header` and `proxy_hide_header`. */
export function readHeaders(scope: Scope, ledger: Ledger): Options {
  const headers = new Map<string, readonly [string, string]>();
  for (const one of scope.all('add_header')) {
    const [name = '', value = '', always] = one.args;
    if (/^alt-svc$/i.test(name) && /h3/.test(value)) {
      ledger.remark('own', one, 'http3 says so itself');
    } else if (/^"?\$upstream_cache_status"?$/.test(value)) {
      ledger.remark('differs', one, 'answers of a cache have the header X-Cache');
    } else if (value === '' || !NAME.test(name) || !VALUE.test(value)) {
      ledger.remark(
        'lost',
        one,
        value.includes('$') ? 'a header has a fixed value' : 'a header has a name and a value in ASCII',
      );
    } else if (HAS_ALREADY.has(`${name}: ${value}`.toLowerCase())) {
      ledger.remark('own', one, 'every answer has it');
    } else {
      ledger.take(one);
      if (headers.has(name.toLowerCase())) ledger.remark('differs', one, 'a header is sent once, with its last value');
      if (always !== 'always') ledger.remark('own', one, 'errors have it too, as with always');
      headers.set(name.toLowerCase(), [name, value]);
    }
  }
  const [access] = scope.all('allow', 'deny');
  if (access !== undefined && headers.size > 0)
    ledger.remarkDefault('own', access, 'who is refused gets none of the headers of add_header');
  const hidden = new Set<string>();
  for (const one of scope.all('proxy_hide_header')) {
    const [name = ''] = one.args;
    ledger.take(one);
    // A header that is set replaces the target's anyway.
    if (!/^x-powered-by$/i.test(name) && NAME.test(name) && !headers.has(name.toLowerCase())) hidden.add(name);
  }
  return {
    ...(headers.size === 0 ? {} : { headers: Object.fromEntries(headers.values()) }),
    ...(hidden.size === 0 ? {} : { hideHeaders: [...hidden] }),
  };
}
