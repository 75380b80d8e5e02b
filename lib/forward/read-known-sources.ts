import { type Cidr, type Family, mergeCidrs, type PrefixList } from './cidr';
import { CLOUDFRONT_SOURCES, PREFIX_LIST_SOURCES, PUBLISHED, type Sources } from './known-sources';
import type { Problems } from './problems';
import { readObject } from './read-object';
import { readOneOf, readWhole } from './read-value';
import { isToken } from './token';

/**
 * What AWS counts for CloudFront's lists.
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html
 */
const CLOUDFRONT_WEIGHT = 55;

/** The networks of somebody else's sources; a prefix list alone stands for itself, in the place of a network. */
export function readKnownSources(at: string, { kind, props }: Sources, problems: Problems): readonly Cidr[] {
  if (kind === 'prefixList') return readPrefixList(at, props, problems);
  const parts = kind === 'cloudfront' ? CLOUDFRONT_SOURCES : {};
  const read = readObject<keyof typeof CLOUDFRONT_SOURCES>(
    at,
    props,
    { parts, example: "{ prefixList: 'pl-0123abcd' }" },
    problems,
  );
  const ids: Partial<Record<Family, string>> = {
    ...idPart(4, readId(`${at}.prefixList`, read?.prefixList, problems)),
    ...idPart(6, readId(`${at}.prefixListV6`, read?.prefixListV6, problems)),
  };
  const published = PUBLISHED.get(kind)?.networks ?? [];
  const networks = published.map((text): Cidr => ({ text, family: text.includes(':') ? 6 : 4 }));
  return mergeCidrs(networks).map((network) => {
    const id = ids[network.family];
    const prefixList: PrefixList | undefined = id === undefined ? undefined : { id, weight: CLOUDFRONT_WEIGHT };
    return { ...network, list: kind, ...(prefixList === undefined ? {} : { prefixList }) };
  });
}

function idPart(family: Family, id: string | undefined): Partial<Record<Family, string>> {
  return id === undefined ? {} : { [family]: id };
}

function readPrefixList(at: string, props: unknown, problems: Problems): readonly Cidr[] {
  const read = readObject(at, props, { parts: PREFIX_LIST_SOURCES, example: '{ weight: 20 }' }, problems);
  const id = readId(at, read?.id ?? '', problems);
  const weight = readWhole(`${at}.weight`, read?.weight, { from: 1, to: 1000, required: true }, problems);
  const family = readOneOf(`${at}.family`, read?.family, ['ipv4', 'ipv6'], problems) === 'ipv6' ? 6 : 4;
  return id === undefined || weight === undefined ? [] : [{ text: id, family, prefixList: { id, weight } }];
}

function readId(at: string, value: unknown, problems: Problems): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && (isToken(value) || /^pl-[0-9a-f]{8,17}$/.test(value))) return value;
  problems.add(at, "must be the id of a prefix list, such as 'pl-0123456789abcdef0'", value);
  return undefined;
}

/** Whether a source is a prefix list alone, whose networks nobody here knows. */
export function isPrefixListAlone({ text, prefixList }: Cidr): boolean {
  return prefixList !== undefined && text === prefixList.id;
}
