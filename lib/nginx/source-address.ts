import type { Target } from '../forward/target';
import type { Line } from './block';

/**
 * The address from which nginx connects to applications on the gateway. Many applications admit clients from
 * 127.0.0.0/8 or from the host's own addresses without a password, or show them more. Through nginx, every client would
 * come from there. This address is in no such list, but it is in the lists of proxies whose headers applications trust
 * (docs/decisions/local-address.md). assets/usr/local/lib/portway/host.d/nginx.sh makes it local.
 * @see https://www.rfc-editor.org/rfc/rfc3927
 */
export const SOURCE_ADDRESS = '169.254.80.80';

/** Whether all targets of a group are on the gateway. Connections to other hosts cannot come from this address. */
export function staysHere({ targets }: { readonly targets: readonly Target[] }): boolean {
  return targets.length > 0 && targets.every((t) => t.kind === 'local');
}

/** The line that goes with a group's `proxy_pass`. */
export function bindSource(group: { readonly targets: readonly Target[] }, module: 'proxy' | 'grpc'): readonly Line[] {
  return staysHere(group) ? [`${module}_bind ${SOURCE_ADDRESS};`] : [];
}
