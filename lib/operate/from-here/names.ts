import { resolve4, resolve6 } from 'node:dns/promises';

/** How the gateway is found from outside. */
export interface Addresses {
  readonly v4: string;
  readonly v6?: string | undefined;
}

/**
 * Asks this machine's resolver where a name leads.
 * @returns what is wrong with it: another IPv4 address, or an IPv6 address, which clients prefer, that is not the gateway's
 */
export async function nameTroubles(name: string, { v4, v6 }: Addresses): Promise<readonly string[]> {
  const [four, six] = await Promise.all([ask(() => resolve4(name)), ask(() => resolve6(name))]);
  return [
    ...(four.length > 0 && four.every((one) => one === v4)
      ? []
      : [`${name} must lead to ${v4}, and leads to ${four.join(', ') || 'no IPv4 address'}`]),
    ...(six.every((one) => same(one, v6))
      ? []
      : [
          `${name} must ${v6 === undefined ? 'have no IPv6 address' : `lead to ${v6} too`}, and leads to ${six.join(', ')}`,
        ]),
  ];
}

/** A name that is not there, or has no such address, leads nowhere. */
async function ask(resolve: () => Promise<string[]>): Promise<readonly string[]> {
  try {
    return await resolve();
  } catch (error) {
    if (['ENOTFOUND', 'ENODATA'].includes(`${(error as NodeJS.ErrnoException).code}`)) return [];
    throw error;
  }
}

function same(one: string, other: string | undefined): boolean {
  const canonical = (text: string) => new URL(`http://[${text}]`).hostname;
  return other !== undefined && canonical(one) === canonical(other);
}
