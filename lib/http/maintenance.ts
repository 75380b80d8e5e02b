import { readFlag } from '../forward/read-value';
import { NGINX_PATHS } from '../nginx/names';
import type { ForwardFeature } from './feature';

/** @category Forward.http */
export interface MaintenanceProps {
  /**
   * Whether `portway maintenance on`, run on the host, closes this forward without a deploy.
   * @default false
   * @see docs/options.md#maintenance
   */
  readonly maintenance?: boolean;
}

/** Whether a command on the host can close the forward. */
export interface Maintenance {
  readonly maintenance: boolean;
}

declare module './values' {
  interface ForwardValues extends Maintenance {}
}

export const maintenance: ForwardFeature<MaintenanceProps, Maintenance> = {
  props: { maintenance: true },
  read: (at, props, problems) => ({
    maintenance: readFlag(`${at}.maintenance`, props.maintenance, problems) === true,
  }),
  nginx: {
    // Looking for a file at each request would cost each one several microseconds, for something that is rarely on.
    admission: {
      order: 10,
      lines: ({ forward, limited }) =>
        forward.maintenance
          ? [
              `include ${NGINX_PATHS.maintenance}/${limited ? 'limited' : 'plain'}*.conf;  # exists while maintenance is on`,
            ]
          : [],
      refuses: (forward) => (forward.maintenance ? [503] : []),
    },
    // Where the command asks whether the change took effect.
    hostServer: (forwards) =>
      forwards.some((f) => f.maintenance) ? [`include ${NGINX_PATHS.maintenance}/stamp*.conf;`] : [],
  },
};
