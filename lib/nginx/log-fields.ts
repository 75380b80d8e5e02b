import type { Line } from './block';

/**
 * One character of well-formed UTF-8 (RFC 3629) up to U+FFFFF. `escape=json` passes all bytes from 0x80 on unchanged.
 */
const CHARACTER =
  '[\\x00-\\x7f]|(?:[\\xc2-\\xdf]|\\xe0[\\xa0-\\xbf]|\\xed[\\x80-\\x9f]|(?:[\\xe1-\\xec\\xee\\xef]|\\xf0[\\x90-\\xbf])[\\x80-\\xbf])[\\x80-\\xbf]';

/**
 * A value from outside, cut after `max` bytes and before the first byte that is not UTF-8. `...` marks a cut. The
 * lookbehind does the counting: a group repeated hundreds of times is too large for PCRE.
 */
export function cutMap(value: string, variable: string, max: number): Line {
  return cut(value, variable, `(?:(?:${CHARACTER})(?<!.{${max + 1}}))*`);
}

/** The same for a value that is printable ASCII if it is valid. */
export function cutAsciiMap(value: string, variable: string, max: number): Line {
  return cut(value, variable, `[ -~]{0,${max}}`);
}

/**
 * The lookahead matches the start without backtracking. `*+` would do the same, but the tests' analyser cannot read it.
 * All maps can use the same capture name, since nginx uses the capture at once.
 */
function cut(value: string, variable: string, start: string): Line {
  return `map ${value} ${variable} { "~(?s)^(?=(${start}))(?<cut>\\1)." "$cut..."; default ${value}; }`;
}

/** One in a hundred. */
const SAMPLE = '$portway_sample';

/**
 * How many events a line stands for: 1, or 100 if only one in a hundred is logged. Empty if the event is not logged.
 */
export const KEPT = '$portway_kept';

/** How many of the gateway's own answers are all logged, for all clients together. */
const REFUSALS = 'zone=portway-refusals:32k rate=10r/s';

/** Once for all HTTP forwards: what is logged during a flood. A 429 by `limit_req` is already counted. */
export function refusalSamples(): readonly Line[] {
  return [
    "# Logs one in 100 of the gateway's own answers beyond 10 per second, and of 429.",
    `limit_req_zone portway ${REFUSALS};`,
    'limit_req_log_level info;',
    sample('$request_id'),
    `map $limit_req_status ${KEPT} { REJECTED ${SAMPLE}; REJECTED_DRY_RUN ${SAMPLE}; default 1; }`,
  ];
}

/** Replaces such an answer: counts it, then answers. */
export function countRefusal(answer: string): readonly Line[] {
  const [zone] = REFUSALS.split(':');
  return [`limit_req ${zone} burst=10 nodelay;`, 'limit_req_dry_run on;', `try_files /.portway ${answer};`];
}

/**
 * Once for all TCP, UDP and TLS forwards. stream has no `limit_req`. A datagram costs its sender nothing, and its
 * source may be forged.
 */
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
