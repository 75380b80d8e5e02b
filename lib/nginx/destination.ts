import { block, type Line } from './block';
import type { RequestFacts } from './request-facts';

/** The value of `Destination` that the target gets. */
export const DESTINATION = '$portway_destination';

/**
 * The target of WebDAV's COPY and MOVE. The header holds the public URL, which a target refuses (Apache: 502) if it
 * neither ends TLS nor knows the prefix. This is the reverse of what `proxy_redirect` does to `Location`. If a prefix
 * is stripped, a URL of this host outside the prefix becomes empty, which targets refuse; otherwise they would take it
 * for a path of their own. The second map is evaluated only if the header is set.
 * @see https://www.rfc-editor.org/rfc/rfc4918#section-10.3
 */
export function destinationMaps({ host }: RequestFacts): readonly Line[] {
  return [
    '# WebDAV: translates the public URL to that of the target.',
    `map $http_destination ${DESTINATION} { '' ''; default $portway_led; }`,
    block(`map "$portway_prefix ${host} $http_destination" $portway_led`, [
      '"~^(?<dav>\\S*) (?<at>\\S+) (?i:https?://\\k<at>(:80|:443)?)\\k<dav>(?<dest>/.*)$" http://$at$dest;',
      '"~^(?<dav>/\\S+) \\S+ \\k<dav>(?<dest>/.*)$" $dest;',
      '"~^/\\S+ (?<at>\\S+) (?i:https?://\\k<at>(:80|:443)?)?/" \'\';',
      'default $http_destination;',
    ]),
  ];
}
