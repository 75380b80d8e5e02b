import type { Duration } from 'aws-cdk-lib';
import { type Confirm, type Confirmed, readConfirm } from '../forward/confirm';
import type { Known } from '../forward/known';
import type { Problems } from '../forward/problems';
import { entriesOf } from '../forward/read-object';
import type { ResolvedForward } from '../forward/resolved';
import type { OnChange } from './on-change';
import { readSeconds } from './read-seconds';

/** How a running host takes over a change, with `onChange: 'live'`. */
export interface LiveChangeProps {
  /**
   * How long connections may go on that a change leaves behind, before they end: a CDK `Duration` of 1 second to 24
   * hours. These are the connections of clients that a forward no longer admits, those of a removed forward, and those
   * to a target that a forward no longer has. New connections follow the change at once. Packets from `blocked`
   * networks are dropped at once in any case, and on nginx UDP clients always follow at once.
   * @default connections of excluded clients and of removed forwards end at once, UDP flows move to the new target at
   * once, and TCP connections to a former target go on until they end by themselves (on nginx for at most a day)
   * @category Life of the host
   * @refused with another `onChange` than `'live'`, where no connection outlives a change
   */
  readonly drain?: Duration;
  /**
   * Which forwards must answer after a change. One that answered before it and does not within 20 s after it fails the
   * deploy, and the host goes back to the content before. `'answers'`: every TCP, TLS and HTTP forward, whose targets
   * must accept a connection, or one of several. Or forwards by name, each with `'answers'` or a probe: `{ web: { http:
   * '/health', expect: 200 } }`. What did not answer before is no reason, so neither are new forwards.
   * @default changes are kept whether targets answer or not
   * @category Life of the host
   * @refused with another `onChange` than `'live'`; names of other forwards; UDP forwards and `Forward.protocol`
   */
  readonly confirm?: Confirm;
}

export const LIVE_CHANGE = { drain: true, confirm: true } satisfies Known<LiveChangeProps>;

/** The checked props. */
export interface LiveChange {
  readonly drainSeconds?: number;
  readonly confirmed: readonly Confirmed[];
}

export function readLiveChange(
  props: Readonly<Partial<Record<keyof LiveChangeProps | 'forwards', unknown>>>,
  onChange: OnChange,
  forwards: readonly ResolvedForward[],
  problems: Problems,
): LiveChange {
  const set = (Object.keys(LIVE_CHANGE) as (keyof LiveChangeProps)[]).filter((name) => props[name] !== undefined);
  if (onChange !== 'live')
    for (const name of set) problems.add(name, `must go with onChange 'live', or be left out`, props[name]);
  const bounds = { from: 1, to: 86_400, words: '1 second to 24 hours', example: 'Duration.minutes(5)' };
  const drainSeconds = readSeconds('drain', props.drain, bounds, problems);
  const names = (entriesOf(props.forwards) ?? []).map(([name]) => name);
  const confirmed = readConfirm(props.confirm, forwards, problems, names);
  return { confirmed, ...(drainSeconds === undefined ? {} : { drainSeconds }) };
}
