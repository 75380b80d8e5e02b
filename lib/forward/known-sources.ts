import { type Cidr, mergeCidrs } from './cidr';
import { CLOUDFLARE, CLOUDFRONT, type PublishedRanges } from './ranges';

/**
 * Source networks that somebody else publishes, for `allowFrom`, `denyFrom`, `trustedProxies` and `lists`. Synth asks
 * nobody: the ranges are those of a day, which `portway plan` tells, and a newer Portway has newer ones.
 */
export class Sources {
  /**
   * The networks that Cloudflare connects from.
   * @see https://www.cloudflare.com/ips/
   */
  static cloudflare(): Sources {
    return new Sources('cloudflare', CLOUDFLARE);
  }

  /**
   * The networks from which CloudFront asks its origins.
   * @see https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/LocationsOfEdgeServers.html
   */
  static cloudFront(): Sources {
    return new Sources('cloudfront', CLOUDFRONT);
  }

  /** @internal */
  readonly networks: readonly Cidr[];

  private constructor(name: string, published: PublishedRanges) {
    const networks = published.networks.map((text): Cidr => ({ text, family: text.includes(':') ? 6 : 4 }));
    this.networks = mergeCidrs(networks).map((network) => ({ ...network, list: name }));
  }
}

/** The published ranges by the name of the list that they make. */
export const PUBLISHED: ReadonlyMap<string, PublishedRanges> = new Map([
  ['cloudflare', CLOUDFLARE],
  ['cloudfront', CLOUDFRONT],
]);
