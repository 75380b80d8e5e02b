import { block, type Line } from './block';
import { NGINX_PATHS } from './names';
import { refuse } from './refusals';

/** Once for all HTTP forwards. */
export function maintenanceDefaults(): readonly Line[] {
  return [
    '# The command `portway maintenance` makes and removes these files: a look at them costs less than a reload.',
    "map '' $portway_closed { default ''; }",
  ];
}

/** In each server: closed to everyone, except those who have a file of their own. */
export function maintenance(limited: boolean): readonly Line[] {
  const folder = NGINX_PATHS.maintenance;
  return [
    `if (-f ${folder}/on) { set $portway_closed 1; }`,
    `if (-f ${folder}/except-$remote_addr) { set $portway_closed ''; }`,
    block('if ($portway_closed)', [refuse(503, limited)]),
  ];
}
