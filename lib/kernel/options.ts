import { type Declares, propsOf } from '../forward/option-list';
import type { Problems } from '../forward/problems';
import type { ForwardContext, GatewayContext, PortContext } from './feature';
import {
  type GatewayOptionProps,
  KERNEL_FEATURES,
  type KernelForwardProps,
  type KernelPortProps,
  type OptionOn,
} from './features';
import type { GatewayValues, KernelForwardValues, KernelPortValues } from './values';

/** The features that are options of forwards or of the gateway: their names, and how to read them. */

const FORWARD_OPTIONS = optionsOn('forward') satisfies readonly Declares<KernelForwardValues>[];
const PORT_OPTIONS = optionsOn('ports') satisfies readonly Declares<KernelPortValues>[];
const GATEWAY_OPTIONS = optionsOn('gateway') satisfies readonly Declares<GatewayValues>[];

function optionsOn<On extends 'forward' | 'ports' | 'gateway'>(on: On): readonly OptionOn<On>[] {
  return Object.values(KERNEL_FEATURES).filter(
    (feature): feature is OptionOn<On> => 'on' in feature && feature.on === on,
  );
}

/** The props of every forward in the kernel. */
export const FORWARD_PROPS = propsOf(FORWARD_OPTIONS);
/** The additional props of TCP and UDP forwards. */
export const PORT_PROPS = propsOf(PORT_OPTIONS);
/** The props of the stack. */
export const GATEWAY_PROPS = propsOf(GATEWAY_OPTIONS);

/** Props that are objects, with the names of their parts. */
export const OPTION_PARTS: readonly (readonly [name: string, parts: object])[] = [
  ...FORWARD_OPTIONS,
  ...PORT_OPTIONS,
  ...GATEWAY_OPTIONS,
].flatMap(({ parts = {} }) => Object.entries(parts));

/** Reads the options that every forward in the kernel has. */
export function readForwardOptions(
  at: string,
  props: KernelForwardProps,
  context: ForwardContext,
  problems: Problems,
): KernelForwardValues {
  return Object.assign({}, ...FORWARD_OPTIONS.map((option) => option.read(at, props, problems, context)));
}

/** Reads all options of a TCP or UDP forward. */
export function readPortOptions(
  at: string,
  props: KernelForwardProps & KernelPortProps,
  context: PortContext,
  problems: Problems,
): KernelForwardValues & KernelPortValues {
  const values = readForwardOptions(at, props, context, problems);
  return Object.assign({}, values, ...PORT_OPTIONS.map((option) => option.read(at, props, problems, context)));
}

export function readGatewayOptions(
  props: GatewayOptionProps,
  context: GatewayContext,
  problems: Problems,
): GatewayValues {
  return Object.assign({}, ...GATEWAY_OPTIONS.map((option) => option.read('', props, problems, context)));
}
