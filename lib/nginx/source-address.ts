import type { Target } from '../forward/target';
import type { Line } from './block';

/**
 * The address from which nginx connects to applications on the gateway. Many applications let in without a password, or show more to,
 * whoever comes from 127.0.0.0/8 or from an address of their own host: by nginx that would be everybody. This one is in no such list, but
 * in those of proxies whose headers count (docs/decisions/local-address.md). assets/usr/local/lib/portway/host.d/nginx.sh makes it local.
 * @see https://www.rfc-editor.org/rfc/rfc3927
 */
export const SOURCE_ADDRESS = '169.254.80.80';

/** Whether all connections of a group end on the gateway; others could not leave it with this address. */
export function staysHere({ targets }: { readonly targets: readonly Target[] }): boolean {
  return targets.length > 0 && targets.every((t) => t.kind === 'local');
}

/** The line that goes with a group's `proxy_pass`. */
export function bindSource(group: { readonly targets: readonly Target[] }, module: 'proxy' | 'grpc'): readonly Line[] {
  return staysHere(group) ? [`${module}_bind ${SOURCE_ADDRESS};`] : [];
}
