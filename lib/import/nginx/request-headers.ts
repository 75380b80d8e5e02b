import { BLANKED } from '../../http/blanked-headers';
import type { Fate } from '../imported';
import type { ServerContext } from './context';
import type { Directive } from './directives';
import type { Scope } from './scope';

/** What becomes of a header. */
type Outcome = readonly [fate: Fate, why: string];

const SAME: Outcome = ['own', 'targets are told so anyway'];
const CLAIMS = 'without what clients claim who are no trusted proxies';
const NO_CLAIMS: Outcome = ['own', `targets are told so anyway, ${CLAIMS}`];
const AS_WRITTEN: Outcome = ['own', 'targets get the name as the client wrote it, also in capital letters'];
const OTHER_VALUE: Outcome = ['lost', 'the gateway says something else there'];
const OTHER_NAME: Outcome = ['lost', 'targets get the host name that the client asked for'];

const LIKE_UPGRADE = /^\$\w*(upgrade|connection)\w*$/i;

/** Says what becomes of `proxy_set_header`, and of the headers that nginx would have sent without it. */
export function tellRequestHeaders(scope: Scope, context: ServerContext): void {
  const { ledger, server } = context;
  const all = scope.all('proxy_set_header', 'grpc_set_header');
  for (const one of all) {
    const [fate, why] = whatOf(one, scope, context);
    ledger.remark(fate, one, why);
  }
  const names = all.map(({ args: [name = ''] }) => name.toLowerCase());
  if (!names.includes('host'))
    ledger.remarkDefault(
      'differs',
      server,
      'without proxy_set_header Host nginx tells targets their own name, forwards the one that the client asked for',
    );
  if (!names.includes('x-forwarded-for'))
    ledger.remarkDefault('own', server, `targets learn the client from X-Forwarded-For, ${CLAIMS}`);
  ledger.remarkDefault(
    'own',
    server,
    'headers by which clients claim another address, method or URL are removed (passHeaders)',
  );
  ledger.remarkDefault(
    'own',
    server,
    "targets' redirects to the name that the client asked for keep its scheme and port",
  );
}

function whatOf({ args: [name = '', written = ''] }: Directive, scope: Scope, context: ServerContext): Outcome {
  const value = scope.resolve(written);
  const { plain, usualPort } = context;
  switch (name.toLowerCase()) {
    case 'host':
      return host(value, context);
    case 'x-real-ip':
      if (value === '$http_x_real_ip') return NO_CLAIMS;
      return /^\$(remote_addr|realip_remote_addr|proxy_protocol_addr)$/.test(value) ? SAME : OTHER_VALUE;
    case 'x-forwarded-for':
      if (/^\$(proxy_add|http)_x_forwarded_for$/.test(value)) return NO_CLAIMS;
      return /^\$(remote_addr|proxy_protocol_addr)$/.test(value) ? SAME : OTHER_VALUE;
    case 'x-forwarded-proto':
      if (value === '$scheme' || value === (plain ? 'http' : 'https')) return SAME;
      if (/^\$(http_x_forwarded_proto|real_scheme|the_scheme|proxy_x_forwarded_proto)$/.test(value)) return NO_CLAIMS;
      return /^https?$/.test(value) ? ['differs', 'targets get the scheme that the client used'] : OTHER_VALUE;
    case 'x-forwarded-host':
      if (/^\$(http_host|the_host)$/.test(value)) return SAME;
      return host(value, context);
    case 'x-forwarded-port':
      if (value === '$server_port' || (usualPort && value === (plain ? '80' : '443'))) return SAME;
      return /^\d+$/.test(value) ? ['differs', 'targets get the port that the client used'] : OTHER_VALUE;
    case 'x-forwarded-scheme':
    case 'x-scheme':
      return ['differs', 'targets learn the scheme from X-Forwarded-Proto'];
    case 'x-forwarded-server':
      return ['differs', 'targets learn the name from X-Forwarded-Host'];
    case 'x-request-id':
      if (value === '$http_x_request_id') return NO_CLAIMS;
      return value === '$request_id' ? SAME : OTHER_VALUE;
    case 'upgrade':
      return /^(\$http_upgrade|websocket)$/i.test(value) ? SAME : OTHER_VALUE;
    case 'connection':
      return LIKE_UPGRADE.test(value) || /^(upgrade|keep-alive|close|)$/i.test(value) ? SAME : OTHER_VALUE;
  }
  if (value === '' && BLANKED.some((one) => one.toLowerCase() === name.toLowerCase()))
    return ['own', 'the gateway removes it anyway'];
  return ['lost', 'targets get no further headers from the gateway'];
}

/** Targets get the client's own words in `Host`, and in `X-Forwarded-Host`. */
function host(value: string, { usualPort }: ServerContext): Outcome {
  if (value === '$http_host') return SAME;
  if (value === '$host')
    return usualPort ? AS_WRITTEN : ['differs', 'targets get the name with the port, as the client wrote it'];
  if (/^\$host:\$(server|proxy)_port$/.test(value))
    return usualPort ? ['differs', 'targets get the port only if it is not the usual one'] : SAME;
  if (value === '$server_name') return ['differs', 'targets get the name that the client asked for'];
  return OTHER_NAME;
}
