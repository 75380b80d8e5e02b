import type { Known } from './known';
import { CLOUDFLARE, CLOUDFRONT, type PublishedRanges } from './ranges';

/** CloudFront by the prefix lists that AWS keeps. */
export interface CloudFrontSources {
  /**
   * The region's prefix list `com.amazonaws.global.cloudfront.origin-facing`, such as `'pl-0123abcd'`. The security group
   * then names it, and AWS keeps it up to date; each rule with it counts as 55 of the 60.
   * @default a rule for each network
   */
  readonly prefixList?: string;
  /**
   * The same for IPv6: `com.amazonaws.global.ipv6.cloudfront.origin-facing`.
   * @default a rule for each network, if the gateway has IPv6
   */
  readonly prefixListV6?: string;
}

/** A list's props that the host fetches. */
export interface UrlSources {
  /**
   * How often the host fetches it, in hours (1-168).
   * @default 24
   */
  readonly everyHours?: number;
  /**
   * The most networks that it may hold (1-20000); a longer one is refused.
   * @default 10000
   */
  readonly most?: number;
}

/** A prefix list's props. */
export interface PrefixListSources {
  /**
   * As how many of the security group's 60 rules each rule with it counts (1-1000): the list's `MaxEntries`, or the weight
   * that AWS documents for its own.
   */
  readonly weight: number;
  /**
   * The list's IP version.
   * @default 'ipv4'
   */
  readonly family?: 'ipv4' | 'ipv6';
}

export const URL_SOURCES = { url: true, everyHours: true, most: true } satisfies Known<
  UrlSources & { readonly url: string }
>;
export const CLOUDFRONT_SOURCES = { prefixList: true, prefixListV6: true } satisfies Known<CloudFrontSources>;
export const PREFIX_LIST_SOURCES = { id: true, weight: true, family: true } satisfies Known<
  PrefixListSources & { readonly id: string }
>;

/**
 * Source networks that somebody else keeps, for `allowFrom`, `denyFrom`, `trustedProxies` and `lists`. Synth asks
 * nobody: the ranges are those of a day, which `portway plan` tells, and a newer Portway has newer ones.
 */
export class Sources {
  /**
   * The networks that Cloudflare connects from.
   * @see https://www.cloudflare.com/ips/
   */
  static cloudflare(): Sources {
    return new Sources('cloudflare');
  }

  /**
   * The networks from which CloudFront asks its origins.
   * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/LocationsOfEdgeServers.html
   */
  static cloudFront(props?: CloudFrontSources): Sources {
    return new Sources('cloudfront', props);
  }

  /**
   * A prefix list of the account or of AWS, for `allowFrom`: the security group admits what it holds. The host cannot know
   * its networks and admits whom the group admits. What the list holds may change at any time, without a deploy.
   * @param id such as `'pl-0123456789abcdef0'`, or a token
   * @see https://docs.aws.amazon.com/vpc/latest/userguide/managed-prefix-lists.html
   */
  static prefixList(id: string, props: PrefixListSources): Sources {
    return new Sources('prefixList', { ...props, id });
  }

  /**
   * A list that somebody publishes, such as Spamhaus DROP: networks one a line, with comments after `;` or `#`. For `blocked`
   * alone. The host fetches it on a schedule and keeps what was good last, also over reboots: a list that is empty, too long,
   * malformed, or ten times as long or as short as before is not taken over, which its log says.
   * @param url by https on port 443
   * @see docs/options.md#lists
   */
  static url(url: string, props?: UrlSources): Sources {
    return new Sources('url', { ...props, url });
  }

  /** @internal Nothing is checked here; see lists.ts. */
  private constructor(
    readonly kind: 'cloudflare' | 'cloudfront' | 'prefixList' | 'url',
    readonly props?: object,
  ) {}
}

/** The published ranges by the name of the list that they make. */
export const PUBLISHED: ReadonlyMap<string, PublishedRanges> = new Map([
  ['cloudflare', CLOUDFLARE],
  ['cloudfront', CLOUDFRONT],
]);
