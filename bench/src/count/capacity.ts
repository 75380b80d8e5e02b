import { withReport } from '../report/document';
import { table } from '../report/markdown-table';
import { number } from '../report/numbers';
import { type Counted, countOf } from './result';
import type { LoadName } from './section';

/** What a reader of docs/capacity.md plans for: a subject's load in a section, and how the page names it. */
const PLANNED: readonly (readonly [section: string, subject: string, load: LoadName, title: string])[] = [
  ['remote', 'portway-flows', 'kept', 'iptables with `flowOffload`: a request on a kept connection'],
  ['remote', 'portway-iptables', 'kept', 'iptables: a request on a kept connection'],
  ['remote', 'portway-iptables', 'datagram', 'iptables: a datagram there and back'],
  ['remote', 'portway-iptables', 'new', 'iptables: a new connection with one request'],
  ['http', 'portway-nginx', 'kept', 'HTTP on nginx: a request on a kept connection'],
  ['http', 'portway-nginx', 'new', 'HTTP on nginx: a new connection with one request'],
  ['tls', 'portway-nginx', 'tls-kept', 'HTTPS: a request on a kept connection'],
  ['tls', 'portway-nginx', 'tls-resumed', 'HTTPS: a new connection, a resumed session'],
  ['tls', 'portway-nginx', 'tls-full', 'HTTPS: a new connection, a full handshake'],
];

/** Instructions of a core in a second: one each clock at 2.5 GHz, which is the clock of t4g's processor. */
const INSTRUCTIONS = 2.5e9;
/** The cores of a host, of which half are free: see `capacity.scaleOn`. */
const [CORES, LOAD] = [2, 0.5];
const WANTED = [1000, 10_000, 100_000];

/** docs/capacity.md with what the counts say of hosts for a load. @throws Error if it lacks the markers */
export function withCapacity(page: string, result: Counted): string {
  const rows = PLANNED.flatMap(([section, subject, load, title]) => {
    const count = countOf(result, section, subject, load)?.median;
    if (count === undefined) return [];
    const each = INSTRUCTIONS / count;
    const hosts = WANTED.map((wanted) => number(Math.ceil(wanted / (each * CORES * LOAD))));
    return [[title, number(Math.round(count)), number(twoDigits(each)), ...hosts]];
  });
  const head = ['what, to another host', 'instructions', 'a core and second', ...WANTED.map((n) => `${number(n)}/s`)];
  return withReport(page, table(head, rows), 'capacity');
}

/** Rounded down, since it is a bound. */
function twoDigits(value: number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Math.floor(value / unit) * unit;
}
