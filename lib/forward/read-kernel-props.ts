import { type Cidr, type Family, isEverything } from './cidr';
import type { CommonForwardProps, KernelForwardProps } from './forward';
import type { Problems } from './problems';
import { ANY_FAMILY, readSources } from './read-props';
import { readFlag, readOneOf } from './read-value';
import type { KernelForward, PortForward } from './resolved';
import type { Host } from './target';

/** Which clients may use a forward. */
export function readSourceLists(
  at: string,
  props: CommonForwardProps,
  problems: Problems,
): Pick<PortForward, 'allowFrom' | 'denyFrom'> {
  const allowFrom = readSources(`${at}.allowFrom`, props.allowFrom, problems);
  const denyFrom = readSources(`${at}.denyFrom`, props.denyFrom, problems);
  for (const cidr of denyFrom.filter(isEverything)) {
    problems.add(`${at}.denyFrom`, 'must not be everyone: remove the forward instead', cidr.text);
  }
  return { allowFrom, denyFrom };
}

/** The props that every forward in the kernel has. */
export function readKernelListener(
  at: string,
  props: KernelForwardProps,
  addresses: {
    readonly allowFrom: readonly Cidr[];
    readonly denyFrom: readonly Cidr[];
    readonly hosts: readonly Host[];
  },
  problems: Problems,
): Pick<KernelForward, 'interface' | 'families' | 'preserveClientAddress'> {
  const { hosts } = addresses;
  const families = readFamilies(at, props.family, problems);
  if (families.length === 1) checkFamily(at, families[0] ?? 4, addresses, problems);
  checkInterface(at, props.interface, problems);
  const preserveClientAddress = readFlag(`${at}.preserveClientAddress`, props.preserveClientAddress, problems) === true;
  if (preserveClientAddress && hosts.length > 0 && hosts.every((h) => h.kind === 'local'))
    problems.add(
      `${at}.preserveClientAddress`,
      "must be left out: what runs on the gateway itself sees the client's address anyway",
      true,
    );
  return {
    ...(props.interface === undefined ? {} : { interface: props.interface }),
    families,
    preserveClientAddress,
  };
}

function readFamilies(at: string, family: unknown, problems: Problems): readonly Family[] {
  const known = readOneOf(`${at}.family`, family, ['ipv4', 'ipv6'], problems);
  return known === undefined ? ANY_FAMILY : [known === 'ipv6' ? 6 : 4];
}

/** Addresses of the other IP version would never match a packet. */
function checkFamily(
  at: string,
  family: Family,
  { allowFrom, denyFrom, hosts }: { allowFrom: readonly Cidr[]; denyFrom: readonly Cidr[]; hosts: readonly Host[] },
  problems: Problems,
): void {
  const other = family === 4 ? 'ipv6' : 'ipv4';
  for (const [prop, cidrs] of Object.entries({ allowFrom, denyFrom })) {
    const wrong = cidrs.find((c) => c.family !== family);
    if (wrong !== undefined)
      problems.add(`${at}.${prop}`, `must be of IPv${family}, as the forward's family says`, wrong.text);
  }
  const wrong = hosts.find((h) => h.kind === other);
  if (wrong !== undefined)
    problems.add(`${at}.to`, `must be of IPv${family}, as the forward's family says`, wrong.host);
}

/** A name that Linux accepts. A plus at the end matches any characters. @see iptables(8), --in-interface */
function checkInterface(at: string, value: unknown, problems: Problems): void {
  if (value === undefined) return;
  if (typeof value !== 'string' || !/^[a-z0-9_.-]{1,15}\+?$/i.test(value) || value.length > 15)
    problems.add(
      `${at}.interface`,
      'must be the name of a network interface such as wg0, or of several such as wg+, at most 15 characters',
      value,
    );
}
