import type { PortForward } from '../forward/resolved';
import { formatTarget, type Target } from '../forward/target';
import { type Block, block, type Line } from './block';
import { upstreamName, variableName } from './names';

/**
 * Amazon's resolver, at the same address in every VPC.
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
 */
const RESOLVER = '169.254.169.253';

/** A target as nginx connects to it: a port alone is the gateway itself. */
function serverAddress(target: Target): string {
  return target.kind === 'local' ? `127.0.0.1:${formatTarget(target)}` : formatTarget(target);
}

/** A name stands alone among its forward's targets (checked at synth). */
function namedTarget(forward: PortForward): Target | undefined {
  return forward.targets.find((t) => t.kind === 'name');
}

/** Needed where a name is a target: it is then resolved while running and not once at start. */
export function resolver(forwards: readonly PortForward[]): readonly Line[] {
  if (!forwards.some(namedTarget)) return [];
  return [`resolver ${RESOLVER} valid=10s ipv6=off;  # names are asked again after 10 s`, 'resolver_timeout 3s;'];
}

/**
 * The group of a forward's targets. A name in such a group would be resolved only once, and would keep all of nginx from
 * starting when it does not resolve, so a named target has no group.
 */
export function upstream(forward: PortForward, extra: readonly Line[]): readonly Block[] {
  if (namedTarget(forward) !== undefined || forward.targets.length === 0) return [];
  // Without the shared zone every worker counts and finds dead targets for itself.
  const zone = `zone ${upstreamName(forward)} 64k;`;
  return [
    block(`upstream ${upstreamName(forward)}`, [
      zone,
      ...forward.targets.map((t) => `server ${serverAddress(t)};`),
      ...extra,
    ]),
  ];
}

/** The lines that send a request or connection on its way; a variable makes nginx resolve a name when it is used. */
export function passTo(forward: PortForward, scheme: 'http://' | ''): readonly Line[] {
  const named = namedTarget(forward);
  if (named === undefined) return [`proxy_pass ${scheme}${upstreamName(forward)};`];
  const variable = variableName('target', forward);
  return [`set ${variable} ${serverAddress(named)};`, `proxy_pass ${scheme}${variable};`];
}
