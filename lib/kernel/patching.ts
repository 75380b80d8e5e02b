import type { Known } from '../forward/known';
import type { Problems } from '../forward/problems';
import { readObject } from '../forward/read-object';
import type { GatewayOption } from './feature';

/** @category Life of the host */
export interface PatchingProps {
  /**
   * When the host may reboot by itself, in UTC: `'sun 04:00'`, or `'04:00'` on every day. It does so only if a reboot is due, which a new kernel
   * or C library makes it, and says so on its console before. nginx finishes the requests it has, for at most 30 s. While packages are installed,
   * a change is made or the host is paused it waits, for at most an hour, and then for the next window. Nobody gets an answer during the boot.
   * @default never; `portway status` tells when a reboot is due
   * @refused any other form; on Amazon Linux, whose packages stay at the release of its image
   * @see docs/operations/deploy.md#patches
   */
  readonly reboot?: string;
  /**
   * Switches the daily security updates of the system off, and says why: `{ offBecause: 'an image of our own comes each week' }`. `portway plan`
   * and `portway status` tell the reason.
   * @default on, as the systems' images have them
   * @refused on Amazon Linux, which installs none by itself
   * @see docs/operations/deploy.md#patches
   */
  readonly securityUpdates?: SecurityUpdatesOff;
}

/** @category Life of the host */
export interface SecurityUpdatesOff {
  /**
   * Why the system is not to install security updates, on one line of 10-200 characters.
   * @refused other lengths; control characters
   */
  readonly offBecause: string;
}

export const SECURITY_UPDATES = { offBecause: true } satisfies Known<SecurityUpdatesOff>;

/** A time at which a host may reboot, in UTC. */
export interface RebootWindow {
  /** Undefined: every day. */
  readonly day?: Day;
  /** As `04:00`. */
  readonly time: string;
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
type Day = (typeof DAYS)[number];

export interface Patching {
  /** Undefined: the host never reboots by itself. */
  readonly reboot?: RebootWindow;
  /** Why security updates are off. Undefined: they are on. */
  readonly updatesOffBecause?: string;
}

declare module './values' {
  interface GatewayValues extends Patching {}
}

/** `reboot` and `securityUpdates`: done by files of their own, which only such hosts have (lib/host/updates.ts). */
export const patching: GatewayOption<PatchingProps, Patching> = {
  on: 'gateway',
  props: { reboot: true, securityUpdates: true },
  parts: { securityUpdates: SECURITY_UPDATES },
  read(_, props, problems) {
    const reboot = readReboot(props.reboot, problems);
    const updatesOffBecause = readOffBecause(props.securityUpdates, problems);
    return {
      ...(reboot === undefined ? {} : { reboot }),
      ...(updatesOffBecause === undefined ? {} : { updatesOffBecause }),
    };
  },
};

/** As its user wrote it: `sun 04:00 UTC`. */
export function windowText({ day, time }: RebootWindow): string {
  return day === undefined ? `${time} UTC` : `${day} ${time} UTC`;
}

function readReboot(value: unknown, problems: Problems): RebootWindow | undefined {
  if (value === undefined) return undefined;
  const [, day, time] =
    (typeof value === 'string' && /^(?:([a-z]{3}) )?((?:[01]\d|2[0-3]):[0-5]\d)$/.exec(value)) || [];
  const known = DAYS.find((one) => one === day);
  if (time === undefined || (day !== undefined && known === undefined)) {
    problems.add(
      'reboot',
      `must be a time in UTC such as '04:00', or with a day before it such as 'sun 04:00' (${DAYS.join(', ')})`,
      value,
    );
    return undefined;
  }
  return { ...(known === undefined ? {} : { day: known }), time };
}

function readOffBecause(value: unknown, problems: Problems): string | undefined {
  const example = "{ offBecause: 'an image of our own comes each week' }";
  const props = readObject('securityUpdates', value, { parts: SECURITY_UPDATES, example }, problems);
  if (props === undefined) return undefined;
  const { offBecause } = props;
  if (typeof offBecause === 'string' && /^[^\p{Cc}\p{Zl}\p{Zp}]{10,200}$/u.test(offBecause)) return offBecause;
  problems.add(
    'securityUpdates.offBecause',
    'must say on one line of 10-200 characters why the system is not to install security updates',
    offBecause,
  );
  return undefined;
}
