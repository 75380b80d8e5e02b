import { type Cidr, mergeCidrs } from '../forward/cidr';
import type { GatewaySettings } from '../forward/gateway-settings';
import { REFUSED_REQUESTS } from '../forward/protect';
import { hostsOf, isNginxForward, isWebForward, type ResolvedForward } from '../forward/resolved';
import type { Host } from '../forward/target';
import { mayHideProxies } from '../forward/trusted-proxies';
import { PROTECT_TABLE, renderProtect } from '../kernel/protect';
import { hasProxies } from '../nginx/protect';
import { assetFiles, PACKAGE, UNITS } from './assets';
import type { HostFile } from './host-file';
import type { OperatingSystem } from './operating-system';

/** The settings of portway-protect. */
export const PROTECT_SETTINGS = '/etc/portway/protect';

/**
 * Networks that are nobody's on the internet: the VPC's own, and whatever is connected to it.
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 */
const PRIVATE: readonly Cidr[] = [
  ...['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'].map(
    (text): Cidr => ({ text, family: 4 }),
  ),
  ...['::/64', 'fc00::/7', 'fe80::/10'].map((text): Cidr => ({ text, family: 6 })),
];

/** What blocks sources that offend; nothing without `protect`. */
export function protectPart(
  forwards: readonly ResolvedForward[],
  { protect, flowOffload }: GatewaySettings,
  { nginx, packages }: OperatingSystem,
): { readonly files: readonly HostFile[]; readonly packages: readonly string[] } {
  if (protect === undefined) return { files: [], packages: [] };
  const own = forwards.filter(isNginxForward);
  const proxyPorts = own.filter(mayHideProxies).map(({ listen }) => listen.from);
  const never = mergeCidrs([...protect.never, ...neededNetworks(forwards)]);
  const lines = [
    `refused ${protect.refusedRequests ?? REFUSED_REQUESTS}`,
    ...(protect.failedLogins === undefined ? [] : [`logins ${protect.failedLogins.most}`]),
    ...(protect.dryRun ? ['dry-run true'] : []),
    ...(flowOffload ? ['flows true'] : []),
    ...(hasProxies(own.filter(isWebForward)) ? ['proxied true'] : []),
    ...(protect.newConnectionsPerSecond === undefined ? [] : [`connections ${protect.newConnectionsPerSecond}`]),
    `user ${own.length === 0 ? 'root' : nginx.user}`,
    ...never.map(({ text }) => `never ${text}`),
  ];
  return {
    files: [
      { path: PROTECT_SETTINGS, mode: '0644', text: lines.map((line) => `${line}\n`).join(''), origin: 'rules' },
      { path: PROTECT_TABLE.file, mode: '0644', text: renderProtect(protect, proxyPorts), origin: 'rules' },
      ...assetFiles(
        ...['protect', 'offenders', 'blocked', 'unblock'].map((module) => `${PACKAGE}/${module}.py`),
        `${UNITS}/portway-protect.service`,
      ),
    ],
    packages: packages.nftables,
  };
}

/** Networks that the gateway must hear: trusted proxies, private ones, and targets. */
export function neededNetworks(forwards: readonly ResolvedForward[]): readonly Cidr[] {
  return [
    ...forwards.filter(isNginxForward).flatMap((f) => f.trustedProxies?.from ?? []),
    ...PRIVATE,
    ...forwards.flatMap(hostsOf).flatMap(networkOf),
  ];
}

/** A target's own address: what it answers must arrive. */
function networkOf({ kind, host = '' }: Host): readonly Cidr[] {
  if (kind === 'ipv4') return [{ text: `${host}/32`, family: 4 }];
  return kind === 'ipv6' ? [{ text: `${host}/128`, family: 6 }] : [];
}
