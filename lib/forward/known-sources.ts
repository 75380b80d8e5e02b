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

/** Countries' props. One of `countries` and `allBut`. */
export interface CountrySources {
  /**
   * Where the host fetches the database, by https on port 443: a CSV or TSV file, also with gzip, whose lines begin with a range's first and last
   * address and its country, such as `1.0.0.0,1.0.0.255,AU`. It is yours: copies of [DB-IP Lite](https://db-ip.com/db/download/ip-to-country-lite)
   * and of others' files have this form, and licences.
   */
  readonly url: string;
  /**
   * The countries to keep out, as two capital letters of ISO 3166-1, such as `['KP']`.
   * @default none: see `allBut`
   */
  readonly countries?: readonly string[];
  /**
   * The only countries that may come. Who is in no line of the database is kept out too.
   * @default none: see `countries`
   * @refused beside `Tls.letsEncrypt`, which asks from several countries
   */
  readonly allBut?: readonly string[];
  /**
   * How often the host fetches the database, in hours (1-168).
   * @default 168
   */
  readonly everyHours?: number;
  /**
   * The most networks that it may come to (1-50000); more are refused. 50,000 take the host some 100 MB while they are loaded.
   * @default 20000
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
export const COUNTRY_SOURCES = {
  ...{ url: true, countries: true, allBut: true, everyHours: true, most: true },
} satisfies Known<CountrySources>;
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

  /**
   * Countries, by a database of the team's own. For `blocked` alone. The host fetches the database on a schedule, as with
   * `Sources.url`, and its kernel refuses new connections; what the gateway itself opens is not touched. With `allBut`, everyone
   * but the admin, proxies and private networks is refused until the database was fetched for the first time.
   * @param props such as `{ url: 'https://files.example/ip-to-country.csv.gz', allBut: ['KR'] }`
   * @see docs/options.md#lists
   */
  static countries(props: CountrySources): Sources {
    return new Sources('countries', props);
  }

  /** @internal Nothing is checked here; see lists.ts. */
  private constructor(
    readonly kind: 'cloudflare' | 'cloudfront' | 'prefixList' | 'url' | 'countries',
    readonly props?: object,
  ) {}
}

/** The published ranges by the name of the list that they make. */
export const PUBLISHED: ReadonlyMap<string, PublishedRanges> = new Map([
  ['cloudflare', CLOUDFLARE],
  ['cloudfront', CLOUDFRONT],
]);
