import { ACME_PATH } from '../forward/tls';
import { block, type Line } from '../nginx/block';
import { NGINX_PATHS } from '../nginx/names';
import type { ForwardFeature, ServerScope } from './feature';

/**
 * Whether CAs check domains at the forward. This follows from the certificates of other forwards (lib/forward/acme.ts).
 */
export interface Acme {
  readonly answersAcme?: true;
}

declare module './values' {
  interface ForwardValues extends Acme {}
}

export const acme: ForwardFeature<object, Acme> = {
  props: {},
  read: () => ({}),
  nginx: { serverHead: { lines: challengeLines } },
};

/**
 * Serves the answers to a CA's domain checks as files, in each server of the forward that gets them, also the one for
 * unknown names. These lines come first in the server: `break` ends whatever the server would do before it looks for a
 * location, such as redirects, maintenance and refusals.
 */
function challengeLines({ forward, options: { limits } }: ServerScope): readonly Line[] {
  if (forward.answersAcme !== true) return [];
  return [
    '# The request of a CA before it issues a certificate. It comes from many addresses, and for all domains at once.',
    block(`if ($uri ~ ^${ACME_PATH.replaceAll('.', '\\.')})`, ['break;']),
    block(`location ^~ ${ACME_PATH}`, [
      `root ${NGINX_PATHS.acme};`,
      'log_not_found off;',
      ...(limits === undefined ? [] : ['limit_req_dry_run on;']),
      ...(limits === undefined && forward.share === undefined ? [] : ['limit_conn_dry_run on;']),
    ]),
  ];
}
