import { ACME_PATH } from '../forward/acme';
import type { WebForward } from '../forward/resolved';
import type { HttpOptions } from '../http/route';
import { block, type Line } from './block';
import { NGINX_PATHS } from './names';

/**
 * Serves the answers to a CA's domain checks as files, in each server of the forward that gets them, also the one for
 * unknown names. These lines come first in the server: `break` ends whatever the server would do before it looks for a
 * location, such as redirects, maintenance and refusals.
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
