import type { Line } from './block';
import { NGINX_PATHS } from './names';
import { refuse } from './refusals';

/** In each server: closed to everyone, except those who have a file of their own. */
export function maintenance(limited: boolean): readonly Line[] {
  const folder = NGINX_PATHS.closed;
  return [
    '# Made and removed by `portway maintenance`: to look for a file at each request costs less than a reload.',
    `if (-f ${folder}/all) { set $portway_closed 1; }`,
    `if (-f ${folder}/$remote_addr) { set $portway_closed ''; }`,
    `if ($portway_closed) { ${refuse(503, limited)} }`,
  ];
}
