import type { Line } from './block';
import { NGINX_PATHS } from './names';

/**
 * In each server: what closes it while the host's command says so (assets/usr/local/lib/portway/maintenance.py). To look for a file at each request instead
 * would cost each request several microseconds, for something that is hardly ever on.
 */
export function maintenance(limited: boolean): readonly Line[] {
  return [
    `include ${NGINX_PATHS.maintenance}/${limited ? 'limited' : 'plain'}*.conf;  # there while maintenance is on`,
  ];
}

/** Where the command asks whether it is done; all else is not found. */
export function maintenanceStamp(): readonly Line[] {
  return [`include ${NGINX_PATHS.maintenance}/stamp*.conf;`, 'return 404;'];
}
