import type { PropsOf } from '../forward/option-list';
import { idleTimeout } from './idle-timeout';
import { proxyProtocol } from './proxy-protocol';
import { responses } from './responses';

/** All options of forwards in nginx's stream context, in the order of their lines. */
export const STREAM_FEATURES = { proxyProtocol, idleTimeout, responses } as const;

type Feature = (typeof STREAM_FEATURES)[keyof typeof STREAM_FEATURES];
/** The options of TCP, UDP and TLS forwards, or only those of TCP and UDP. */
export type OptionOn<On extends 'stream' | 'transport'> = Extract<Feature, { readonly on: On }>;

export type StreamProps = PropsOf<OptionOn<'stream'>>;
export type TransportProps = PropsOf<OptionOn<'transport'>>;
