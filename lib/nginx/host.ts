import { type Block, block, type Line } from './block';
import { refuse } from './refusals';

/** The host that a request is for, as the client wrote it, with its port. Empty if the request is refused. */
export const HOST = '$portway_host';

/**
 * The same without port, in lower case. If the client named no host, it is a name that belongs to nobody: the gateway's
 * own name would reveal its private address, and applications trust `localhost` more than others.
 */
export const NAME = '$portway_name';

/**
 * Once for all HTTP forwards. nginx chooses the site by the host in the request line if there is one, but targets read
 * `Host`. If the two differed, a client could use the methods and limits of one site and be served by another. Other
 * characters could end the quotes in `Forwarded`, or be read as a user (`a:80@b`).
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-3.2
 */
export function hostMaps({ scheme, port }: { readonly scheme: string; readonly port: string }): readonly Line[] {
  return [
    '',
    '# Host must be a name or an address, perhaps with a port, and match the request line.',
    block(`map "$host $http_host" ${HOST}`, [
      '"~*^([\\w.-]+|\\[[\\da-f:.]+]) \\1\\.?(:\\d{0,5})?$" $http_host;',
      `"~*^([\\w.-]*|\\[[\\da-f:.]+]) $" ${NAME}$portway_at;  # HTTP/3 and HTTP/1.0 have no Host`,
      "default '';",
    ]),
    `map $host ${NAME} { '' portway; default $host; }`,
    `map ${scheme}${port} $portway_at { http80 ''; https443 ''; default :${port}; }`,
  ];
}

/** The error pages answer it as 400. A real 400 would pass this check again on its way to the page, and end as 500. */
export const REFUSED_HOST = 419;

/** In each server, before anything else answers. */
export function hostCheck(limited: boolean): Block {
  return block(`if (${HOST} = '')`, [refuse(REFUSED_HOST, limited)]);
}
