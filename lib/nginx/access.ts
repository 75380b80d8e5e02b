import { mergeCidrs } from '../forward/cidr';
import type { StreamForward } from '../forward/resolved';
import type { Line } from './block';

/**
 * The gateway itself may always use its forwards. On nginx this means over loopback; on iptables also by its own
 * addresses, which are unknown at synth.
 */
export const GATEWAY_ITSELF = ['127.0.0.0/8', '::1/128'];

/**
 * The sources of a stream forward. Streams have no `if`, and no `return` that could answer first. A list of hundreds
 * costs less than a microsecond for each connection.
 */
export function streamSources({ allowFrom, denyFrom }: StreamForward): readonly Line[] {
  if (allowFrom.length === 0 && denyFrom.length === 0) return [];
  return [
    ...GATEWAY_ITSELF.map((s) => `allow ${s};`),
    ...mergeCidrs(denyFrom).map((c) => `deny ${c.text};`),
    ...mergeCidrs(allowFrom).map((c) => `allow ${c.text};`),
    ...(allowFrom.length === 0 ? [] : ['deny all;']),
  ];
}
