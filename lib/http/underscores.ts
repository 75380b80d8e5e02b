import { readFlag } from '../forward/read-value';
import type { WebForward } from '../forward/resolved';
import { BLANKED } from './blanked-headers';
import type { ForwardFeature } from './feature';

/** @category Forward.http */
export interface UnderscoresProps {
  /**
   * Whether to pass request headers whose names contain underscores, such as `api_key` or `x-amz-meta-my_key`. CGI,
   * WSGI and PHP cannot tell `X_Forwarded_For` from `X-Forwarded-For`, so such spellings of the gateway's own headers
   * are dropped anyway. So are names with other characters, such as the dot of `x-amz-meta-a.b`, whatever this says: use
   * `Forward.tcp` or `Forward.tls` for an application that needs them.
   * @default false: such headers are dropped
   * @see docs/limits.md#of-http-through-nginx
   * @see https://nginx.org/en/docs/http/ngx_http_core_module.html#underscores_in_headers
   */
  readonly underscoresInHeaders?: boolean;
}

export interface Underscores {
  readonly underscoresInHeaders?: true;
}

declare module './values' {
  interface ForwardValues extends Underscores {}
}

export const underscores: ForwardFeature<UnderscoresProps, Underscores> = {
  props: { underscoresInHeaders: true },
  read: (at, props, problems) =>
    readFlag(`${at}.underscoresInHeaders`, props.underscoresInHeaders, problems) ? { underscoresInHeaders: true } : {},
  nginx: {
    server: {
      lines: ({ forward }) => (forward.underscoresInHeaders ? ['underscores_in_headers on;'] : []),
    },
    blanked: lookalikes,
  },
};

/** Headers that the gateway writes or vouches for, in addition to those that it blanks. */
const WRITTEN: readonly string[] = [
  ...['X-Forwarded-For', 'X-Forwarded-Proto', 'X-Forwarded-Host', 'X-Forwarded-Port', 'X-Forwarded-Prefix'],
  ...['X-Real-IP', 'X-Request-ID'],
  // A target that reads `Content_Length` as `Content-Length` would see another end of the request than nginx.
  ...['Content-Length', 'Transfer-Encoding'],
];

/**
 * Names that CGI, WSGI and PHP cannot tell from those headers (`X_Forwarded_For`). They are blanked for all forwards if
 * any forward lets underscores pass. The other forwards drop such names anyway.
 */
function lookalikes(forwards: readonly WebForward[]): readonly string[] {
  if (!forwards.some((f) => f.underscoresInHeaders)) return [];
  return [...WRITTEN, ...BLANKED].flatMap(withUnderscores);
}

/** All spellings of a name with one or more hyphens replaced by underscores. */
function withUnderscores(name: string): readonly string[] {
  const [first = '', ...rest] = name.split('-');
  return rest
    .reduce<string[]>((spellings, word) => spellings.flatMap((s) => [`${s}-${word}`, `${s}_${word}`]), [first])
    .filter((spelling) => spelling !== name);
}
