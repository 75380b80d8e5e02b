import type { Line } from './block';

/** Well-formed UTF-8 (RFC 3629) up to U+FFFFF, one character. `escape=json` passes all bytes from 0x80 on as they are. */
const CHARACTER =
  '[\\x00-\\x7f]|(?:[\\xc2-\\xdf]|\\xe0[\\xa0-\\xbf]|\\xed[\\x80-\\x9f]|(?:[\\xe1-\\xec\\xee\\xef]|\\xf0[\\x90-\\xbf])[\\x80-\\xbf])[\\x80-\\xbf]';

/**
 * A value that somebody else wrote, up to `max` bytes and up to the first byte that is no UTF-8; `...` says that there was more. The
 * lookbehind is what counts: a group with a bound of hundreds is too large for PCRE.
 */
export function cutMap(value: string, variable: string, max: number): Line {
  return cut(value, variable, `(?:(?:${CHARACTER})(?<!.{${max + 1}}))*`);
}

/** The same of a value that is printable ASCII wherever it is right. */
export function cutAsciiMap(value: string, variable: string, max: number): Line {
  return cut(value, variable, `[ -~]{0,${max}}`);
}

/**
 * The start is taken in a lookahead, which gives nothing back: `*+` says the same, and the analyser of the tests cannot read it. All maps share
 * the capture's name, since nginx uses it at once.
 */
function cut(value: string, variable: string, start: string): Line {
  return `map ${value} ${variable} { "~(?s)^(?=(${start}))(?<cut>\\1)." "$cut..."; default ${value}; }`;
}

/** One of a hundred. */
const SAMPLE = '$portway_sample';

/** How many events a line stands for: 1, or 100 where only one of a hundred is written; empty where none is. */
export const KEPT = '$portway_kept';

/** Answers of the gateway itself that are all written down, for all clients together. */
const REFUSALS = 'zone=portway-refusals:32k rate=10r/s';

/** Once for all HTTP forwards: what is written of a flood. A 429 by `limit_req` counts as one by itself. */
export function refusalSamples(): readonly Line[] {
  return [
    "# Logs one in 100 of the gateway's own answers beyond 10 per second, and of 429.",
    `limit_req_zone portway ${REFUSALS};`,
    'limit_req_log_level info;',
    sample('$request_id'),
    `map $limit_req_status ${KEPT} { REJECTED ${SAMPLE}; REJECTED_DRY_RUN ${SAMPLE}; default 1; }`,
  ];
}

/** In the place of such an answer: counts it, and goes on to what is answered. */
export function countRefusal(answer: string): readonly Line[] {
  const [zone] = REFUSALS.split(':');
  return [`limit_req ${zone} burst=10 nodelay;`, 'limit_req_dry_run on;', `try_files /.portway ${answer};`];
}

/** Once for all TCP, UDP and TLS forwards. stream has no `limit_req`; a datagram costs its sender nothing, and may lie about who that is. */
export function streamSamples(): readonly Line[] {
  const sampled = ['TCP503', 'UDP403', 'UDP502', 'UDP503'].map((key) => `${key} ${SAMPLE};`).join(' ');
  return [
    '# Logs one in 100 of what limits refuse, and of datagrams that are refused or reach no target.',
    sample('$connection'),
    `map "$protocol$status" ${KEPT} { ${sampled} default 1; }`,
  ];
}

function sample(key: string): Line {
  return `split_clients ${key} ${SAMPLE} { 1% 100; * ''; }`;
}
