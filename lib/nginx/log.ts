import type { Line } from './block';
import { NGINX_PATHS } from './names';

/** The buffer saves a write for each request, and lags by at most a second. */
export const ACCESS_LOG_BUFFER = 'buffer=32k flush=1s';

/** Our own file names in our own folder, which the distribution's logrotate does not touch. */
export const ERROR_LOG = `${NGINX_PATHS.logFolder}/error.log`;

export type Fields = readonly (readonly [key: string, value: string])[];

/** One JSON object a line. `escaping`: 'none' if no value can have a character that JSON escapes. */
export function logFormat(name: string, fields: Fields, escaping: 'json' | 'none' = 'json'): readonly Line[] {
  const half = Math.ceil(fields.length / 2);
  const text = (part: Fields) => part.map(([key, value]) => `"${key}":${value}`).join(',');
  return [
    `log_format ${name} escape=${escaping} '{${text(fields.slice(0, half))},'`,
    `    '${text(fields.slice(half))}}';`,
  ];
}
