import { blocked } from './blocked';
import { clientAddress, unmarking } from './client-address';
import { counting } from './counting';
import { destinations } from './destinations';
import { egress } from './egress';
import type { KernelFeature } from './feature';
import { limits } from './limits/rules';
import { login } from './login';
import { passage } from './passage';
import { segmentSize } from './segment-size';
import { sources } from './sources';

/**
 * All kernel features, in the order in which their rules are written. Order matters where two features write to one
 * chain or one built-in hook:
 * - `limits` before `passage` and `egress`: packets over a limit are dropped before anything accepts them.
 * - `clientAddress` before `unmarking`: only packets that did not leave the gateway still have a mark.
 * - `passage` before `egress`: connections of forwards are accepted before the rules for private networks.
 */
export const KERNEL_FEATURES = {
  blocked,
  sources,
  destinations,
  limits,
  clientAddress,
  unmarking,
  segmentSize,
  passage,
  egress,
  counting,
  login,
} as const satisfies Readonly<Record<string, KernelFeature>>;
