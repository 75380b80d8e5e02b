import { PROTECT, type Protect, type ProtectProps, readProtect } from '../forward/protect';
import type { GatewayOption } from './feature';

/** @category In the kernel */
export interface ProtectOptionProps {
  /**
   * Blocks sources that offend for a time, which grows: `{}` for many refused requests, `{ failedLogins: { paths:
   * ['/login'] } }` for failed logins too. The kernel drops all that a blocked source sends; behind trusted proxies
   * nginx answers it with 403. `portway blocked` on the gateway lists them, `portway unblock ADDRESS` lets one in again.
   * @default nobody is blocked
   * @refused where no HTTP forward has `limits` and there are no `failedLogins`
   * @see docs/decisions/protect.md
   */
  readonly protect?: ProtectProps;
}

export interface ProtectValues {
  readonly protect?: Protect;
}

declare module './values' {
  interface GatewayValues extends ProtectValues {}
}

/** `protect`: done by a service with a table of its own, which no change of rules rebuilds (lib/host/protect.ts). */
export const protect: GatewayOption<ProtectOptionProps, ProtectValues> = {
  on: 'gateway',
  props: { protect: true },
  parts: { protect: PROTECT },
  read(_, props, problems, context) {
    const value = readProtect(props.protect, context, problems);
    return value === undefined ? {} : { protect: value };
  },
};
