import { type Declares, propsOf } from '../forward/option-list';
import type { Problems } from '../forward/problems';
import type { StreamForward } from '../forward/resolved';
import type { Line } from '../nginx/block';
import type { StreamContext } from './feature';
import { type OptionOn, STREAM_FEATURES, type StreamProps, type TransportProps } from './features';
import type { StreamValues, TransportValues } from './values';

/** The names of the options, how to read them, and what they add to nginx.conf. */

const STREAM_OPTIONS = optionsOn('stream') satisfies readonly Declares<StreamValues>[];
const TRANSPORT_OPTIONS = optionsOn('transport') satisfies readonly Declares<TransportValues>[];

function optionsOn<On extends 'stream' | 'transport'>(on: On): readonly OptionOn<On>[] {
  return Object.values(STREAM_FEATURES).filter((feature): feature is OptionOn<On> => feature.on === on);
}

/** The props of TCP, UDP and TLS forwards. */
export const STREAM_PROPS = propsOf(STREAM_OPTIONS);
/** The additional props of TCP and UDP forwards. */
export const TRANSPORT_PROPS = propsOf(TRANSPORT_OPTIONS);

/** The options of a TLS forward. */
export function readStreamOptions(
  at: string,
  props: StreamProps,
  context: StreamContext,
  problems: Problems,
): StreamValues {
  return Object.assign({}, ...STREAM_OPTIONS.map((option) => option.read(at, props, problems, context)));
}

/** The options of a TCP or UDP forward. */
export function readTransportOptions(
  at: string,
  props: StreamProps & TransportProps,
  context: StreamContext,
  problems: Problems,
): StreamValues & TransportValues {
  const values = readStreamOptions(at, props, context, problems);
  return Object.assign({}, values, ...TRANSPORT_OPTIONS.map((option) => option.read(at, props, problems, context)));
}

/** What the options add to each server of a forward. */
export function optionLines(forward: StreamForward): readonly Line[] {
  return Object.values(STREAM_FEATURES).flatMap(
    (feature) => ('lines' in feature ? feature.lines?.(forward) : []) ?? [],
  );
}
