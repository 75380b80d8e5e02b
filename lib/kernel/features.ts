import type { PropsOf } from '../forward/option-list';
import { blocked } from './blocked';
import { clientAddress, unmarking } from './client-address';
import { destinations } from './destinations';
import { egress } from './egress';
import { family } from './family';
import { flowOffload } from './flow-offload';
import { healthCheck } from './health-check';
import { onInterface } from './interface';
import { ipv6 } from './ipv6';
import { limits } from './limits/rules';
import { lists } from './lists';
import { login } from './login';
import { metadataUsers } from './metadata-users';
import { monitoring } from './monitoring';
import { passage } from './passage';
import { patching } from './patching';
import { ping } from './ping';
import { protect } from './protect';
import { sources } from './sources';

/**
 * All kernel features, in the order in which their rules are written. Order matters where two features write to one
 * chain or one built-in hook:
 * - `lists` before `blocked` and `sources`, which look its sets up.
 * - `limits` before `passage` and `egress`: packets over a limit are dropped before anything accepts them.
 * - `clientAddress` before `unmarking`: only packets that did not leave the gateway still have a mark.
 * - `passage` before `egress`: connections of forwards are accepted before the rules for private networks.
 */
export const KERNEL_FEATURES = {
  onInterface,
  family,
  lists,
  blocked,
  sources,
  destinations,
  limits,
  clientAddress,
  unmarking,
  passage,
  egress,
  flowOffload,
  login,
  monitoring,
  healthCheck,
  ping,
  ipv6,
  metadataUsers,
  protect,
  patching,
} as const;

/** Any of them. */
type Feature = (typeof KERNEL_FEATURES)[keyof typeof KERNEL_FEATURES];
/** The options of forwards or of the gateway among them. */
export type OptionOn<On extends 'forward' | 'ports' | 'gateway'> = Extract<Feature, { readonly on: On }>;

export type KernelForwardProps = PropsOf<OptionOn<'forward'>>;
export type KernelPortProps = PropsOf<OptionOn<'ports'>>;
export type GatewayOptionProps = PropsOf<OptionOn<'gateway'>>;
