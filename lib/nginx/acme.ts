import { ACME_PATH } from '../forward/acme';
import type { WebForward } from '../forward/resolved';
import type { HttpOptions } from '../http/route';
import { block, type Line } from './block';
import { NGINX_PATHS } from './names';

/**
 * In each server of the forward that a CA checks domains at, also the one of names that are nobody's: its answers are served as files.
 * At the head of a server, since `break` ends what a server does before it looks for a location: redirects, maintenance, refusals.
 */
export function acmeLines(forward: WebForward, { limits }: HttpOptions = {}): readonly Line[] {
  if (forward.kind !== 'http' || forward.answersAcme !== true) return [];
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
