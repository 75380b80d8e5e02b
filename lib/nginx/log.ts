import type { Line } from './block';
import { NGINX_PATHS } from './names';

/** The buffer saves a write per request and is at most a second behind. */
export const ACCESS_LOG_BUFFER = 'buffer=32k flush=1s';

/** Own file names in an own folder, which the distribution's logrotate knows nothing of. */
export const ERROR_LOG = `${NGINX_PATHS.logFolder}/error.log`;

export type Fields = readonly (readonly [key: string, value: string])[];

/** One JSON object a line. */
export function logFormat(name: string, fields: Fields): readonly Line[] {
  const half = Math.ceil(fields.length / 2);
  const text = (part: Fields) => part.map(([key, value]) => `"${key}":${value}`).join(',');
  return [`log_format ${name} escape=json '{${text(fields.slice(0, half))},'`, `    '${text(fields.slice(half))}}';`];
}
