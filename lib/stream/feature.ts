import type { Known } from '../forward/known';
import type { Lists } from '../forward/lists';
import type { Problems } from '../forward/problems';
import type { StreamForward } from '../forward/resolved';
import type { Line } from '../nginx/block';

/** An option of forwards in nginx's stream context. iptables refuses it. features.ts lists all of them. */
interface Option<On extends string, Props extends object, Values extends object> {
  readonly on: On;
  /** The names of its props. */
  readonly props: Known<Props>;
  /** Checks the props of one forward. Unset values get their default, or are omitted. */
  read(at: string, props: Props, problems: Problems, context: StreamContext): Values;
  /** In each server of the forward. */
  readonly lines?: (forward: StreamForward) => readonly Line[];
}

/** An option of TCP, UDP and TLS forwards. */
export type StreamOption<Props extends object, Values extends object> = Option<'stream', Props, Values>;

/** An option of TCP and UDP forwards. */
export type TransportOption<Props extends object, Values extends object> = Option<'transport', Props, Values>;

/** What else is known about a forward. */
export interface StreamContext {
  readonly lists: Lists;
  readonly transport: 'tcp' | 'udp';
}
