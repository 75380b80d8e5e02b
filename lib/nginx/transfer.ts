import type { HttpOptions } from '../forward/http-options';
import type { Line } from './block';

/** How much one response may hold in memory while its client reads it slowly, on a host of so much memory. */
function buffers(memoryMiB: number): number {
  // A quarter of the memory for 300 clients that read slowly, each with one buffer's size for all else that it needs.
  return Math.max(4, Math.min(16, Math.floor((memoryMiB / 4 / 300) * 16) - 1));
}

/** Once for all HTTP forwards: how large things may be, and how long they may take. */
export function transferDefaults(memoryMiB: number): readonly Line[] {
  return [
    '',
    "# Keeps one request from filling the disk; smaller bounds are the application's.",
    'client_max_body_size 100m;',
    'client_body_buffer_size 32k;  # what is larger goes through a file, and fails while the disk is full',
    '# Slow clients: a whole head, each piece of a body, each piece of an answer.',
    'client_header_timeout 10s;',
    'client_body_timeout 20s;',
    'send_timeout 30s;',
    'reset_timedout_connection on;',
    "# Slow readers: as much of an answer in memory as a quarter of the host's lets 300 of them have, then a bounded file.",
    `proxy_buffers ${buffers(memoryMiB)} 64k;`,
    'proxy_max_temp_file_size 8m;',
  ];
}

/** What a server or location has of its own. */
export function transferLines(
  options: HttpOptions,
  proxy: 'proxy' | 'grpc',
  standard: Pick<HttpOptions, 'timeouts'> = {},
): readonly Line[] {
  const { maxBodyMiB } = options;
  const body = options.timeouts?.body;
  const response = options.timeouts?.response ?? standard.timeouts?.response;
  return [
    ...(maxBodyMiB === undefined ? [] : [`client_max_body_size ${maxBodyMiB}m;`]),
    ...(body === undefined ? [] : [`client_body_timeout ${body}s;`]),
    ...(response === undefined ? [] : [`${proxy}_read_timeout ${response}s;`]),
    ...(response === undefined || proxy === 'proxy' ? [] : [`grpc_send_timeout ${response}s;`]),
  ];
}
