import type { WebForward } from '../forward/resolved';
import { block, type Line } from '../nginx/block';
import type { RequestFacts } from '../nginx/request-facts';
import type { Header } from './header';

const CONTENT_LOCATION = '$portway_content_location';

/** The value that answers carry instead of the target's own header, if any route strips its prefix. */
export function contentLocationHeaders(forwards: readonly WebForward[]): readonly Header[] {
  return stripsPrefixes(forwards) ? [['Content-Location', CONTENT_LOCATION]] : [];
}

/**
 * Does what `proxy_redirect` does to `Location`, the only header that nginx rewrites itself. The second map is
 * evaluated only if a target sends the header, and changes it only below a stripped prefix.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-8.7
 */
export function contentLocationMaps(
  forwards: readonly WebForward[],
  { scheme, host }: Pick<RequestFacts, 'scheme' | 'host'>,
): readonly Line[] {
  if (!stripsPrefixes(forwards)) return [];
  return [
    '# Content-Location of a target that is unaware of its prefix: translated to the public URL.',
    `map $upstream_http_content_location ${CONTENT_LOCATION} { '' ''; default $portway_content_at; }`,
    block(`map "$portway_prefix ${scheme} ${host} $upstream_http_content_location" $portway_content_at`, [
      '"~^(?<below>/\\S+) (?<by>\\S+) (?<at>\\S+) (?i:https?)://\\k<at>(\\k<below>)?(?<content>/.*)$" $by://$at$below$content;',
      '"~^(?<below>/\\S+) \\S+ \\S+ (\\k<below>)?(?<content>/(?!/).*)$" $below$content;',
      'default $upstream_http_content_location;',
    ]),
  ];
}

function stripsPrefixes(forwards: readonly WebForward[]): boolean {
  return forwards.some((f) => f.sites.some((s) => s.routes.some((r) => r.stripPrefix)));
}
