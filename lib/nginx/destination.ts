import { block, type Line } from './block';
import type { RequestFacts } from './request-facts';

/** `Destination` as the target must read it. */
export const DESTINATION = '$portway_destination';

/**
 * Where WebDAV's COPY and MOVE lead. The header holds the public URL; a target that ends no TLS and knows of no prefix refuses it (Apache:
 * 502). It is the reverse of what `proxy_redirect` does to `Location`. Behind a stripped prefix, a place of this host outside of the prefix
 * is taken out, which targets refuse: they would take it for a path of their own. The second map is evaluated only where the header is there.
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
