import { BLANKED } from '../forward/pass-headers';
import type { Line } from './block';

/** The directives that keep these headers from targets, but for those that are to pass. */
export function blankedHeaders(protocol: 'proxy' | 'grpc', passed: readonly string[] = []): readonly Line[] {
  const pass = new Set(passed.map((name) => name.toLowerCase()));
  const blanked = BLANKED.filter((name) => !pass.has(name.toLowerCase()));
  return blanked.map((name) => `${protocol}_set_header ${name} '';`);
}
