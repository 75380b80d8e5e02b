import type { Ledger } from '../ledger';
import type { Options } from './context';
import type { Directive } from './directives';
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
  const hidden = new Set<string>();
  for (const one of scope.all('proxy_hide_header')) {
    const [name = ''] = one.args;
    ledger.take(one);
    // A header that is set replaces the target's anyway.
    if (!/^x-powered-by$/i.test(name) && NAME.test(name) && !headers.has(name.toLowerCase())) hidden.add(name);
  }
  tellRequestHeaders(scope, ledger);
  return {
    ...(headers.size === 0 ? {} : { headers: Object.fromEntries(headers.values()) }),
    ...(hidden.size === 0 ? {} : { hideHeaders: [...hidden] }),
  };
}

/** What targets learn from the gateway anyway, by header; the values that mean the same. */
const TOLD: Readonly<Record<string, RegExp>> = {
  host: /^\$(host|http_host|host:\$server_port|host:\$proxy_port|server_name)$/,
  'x-real-ip': /^\$(remote_addr|realip_remote_addr|http_x_real_ip|proxy_protocol_addr)$/,
  'x-forwarded-for': /^\$(proxy_add_x_forwarded_for|remote_addr|http_x_forwarded_for|proxy_protocol_addr)$/,
  'x-forwarded-proto': /^(\$(scheme|http_x_forwarded_proto|real_scheme|the_scheme|proxy_x_forwarded_proto)|https?)$/,
  'x-forwarded-host': /^\$(host|http_host|server_name|the_host|host:\$server_port)$/,
  'x-forwarded-port': /^(\$server_port|443|80)$/,
  'x-forwarded-scheme': /^(\$scheme|https?)$/,
  'x-forwarded-server': /^\$(host|server_name|hostname)$/,
  'x-scheme': /^(\$scheme|https?)$/,
  'x-request-id': /^\$(request_id|http_x_request_id)$/,
  upgrade: /^\$http_upgrade$|^websocket$/i,
  connection: /^(\$(connection_upgrade\w*|http_connection|proxy_connection)|"?upgrade"?|keep-alive|)$/i,
};

const LIKE_UPGRADE = /^\$\w*(upgrade|connection)\w*$/i;

function tellRequestHeaders(scope: Scope, ledger: Ledger): void {
  for (const one of scope.all('proxy_set_header', 'grpc_set_header')) {
    const [name = '', value = ''] = one.args;
    const lower = name.toLowerCase();
    const told = TOLD[lower];
    const same = told?.test(scope.resolve(value)) === true || (lower === 'connection' && LIKE_UPGRADE.test(value));
    if (same) ledger.remark('own', one, 'targets are told so anyway');
    else ledger.remark('lost', one, lostReason(one, told !== undefined));
  }
}

function lostReason({ args: [name = '', value = ''] }: Directive, told: boolean): string {
  if (/^host$/i.test(name)) return 'targets get the host name that the client asked for';
  if (/^(proxy|x-original-ur[il]|x-rewrite-url|x-original-host)$/i.test(name) && value === '')
    return 'the gateway removes it anyway';
  return told ? 'the gateway says something else there' : 'targets get no further headers from the gateway';
}
