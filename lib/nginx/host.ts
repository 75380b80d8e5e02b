import { type Block, block, type Line } from './block';
import { refuse } from './refusals';
import type { RequestFacts } from './request-facts';

/** The host that a request is for, as the client wrote it, with its port. Empty where the client is refused. */
export const HOST = '$portway_host';

/**
 * Once for all HTTP forwards. nginx chooses the site by the host of the request line where there is one, and targets read `Host`. Where the
 * two differ, a client could pass the methods and limits of one site and be served by another. Other characters could end the quotes in
 * `Forwarded`, or be read as a user (`a:80@b`).
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-3.2
 */
export function hostMaps({ scheme, port }: RequestFacts): readonly Line[] {
  return [
    '',
    '# Host must be a name, or an address, with or without a port, and the same as in the request line.',
    block(`map "$host $http_host" ${HOST}`, [
      '"~*^([\\w.-]+|\\[[\\da-f:.]+]) \\1\\.?(:\\d{0,5})?$" $http_host;',
      '"~^[\\w.-]+ $" $host$portway_at;  # HTTP/3 has no Host, nor has HTTP/1.0',
      '"~^ $" localhost;',
      "default '';",
    ]),
    `map ${scheme}${port} $portway_at { http80 ''; https443 ''; default :${port}; }`,
  ];
}

/** In each server, before anything else answers. The page of a 400 comes through here again, and must pass then. */
export function hostCheck(limited: boolean): Block {
  return block(`if (${HOST} = '')`, [`set ${HOST} refused;`, refuse(400, limited)]);
}
