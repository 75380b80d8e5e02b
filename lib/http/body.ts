import { readWhole } from '../forward/read-value';
import type { HttpFeature } from './feature';
import { set } from './set';

/** @category Protection of HTTP */
export interface BodyProps {
  /**
   * The largest request body, in MiB (1-10240). Larger requests get 413. The gateway holds a body on its disk until
   * it is complete, unless requests are `streaming`.
   * @default 100; no limit for gRPC
   * @refused more than `diskGiB` has room for beside 4 GiB for the system and all caches, unless requests are
   * `streaming`
   * @see https://nginx.org/en/docs/http/ngx_http_core_module.html#client_max_body_size
   */
  readonly maxBodyMiB?: number;
}

export interface BodyValues {
  readonly maxBodyMiB?: number;
}

declare module './values' {
  interface RouteValues extends BodyValues {}
}

export const body: HttpFeature<BodyProps, BodyValues> = {
  props: { maxBodyMiB: true },
  read(at, { maxBodyMiB: value }, problems) {
    return set({ maxBodyMiB: readWhole(`${at}.maxBodyMiB`, value, { from: 1, to: 10_240 }, problems) });
  },
  nginx: {
    http: {
      order: 20,
      lines: () => [
        '',
        '# Keeps one request from filling the disk; the application may set smaller limits.',
        'client_max_body_size 100m;',
        'client_body_buffer_size 32k;  # larger bodies go through a file, and fail while the disk is full',
      ],
    },
    setting: {
      order: 20,
      lines: ({ stated: { maxBodyMiB } }) => (maxBodyMiB === undefined ? [] : [`client_max_body_size ${maxBodyMiB}m;`]),
    },
  },
};
