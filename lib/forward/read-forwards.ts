import { types } from 'node:util';
import {
  type Engine,
  Forward,
  type ForwardKind,
  type HttpForwardProps,
  type HttpsForwardProps,
  type ProtocolForwardProps,
  type TlsForwardProps,
  type TransportForwardProps,
} from './forward';
import { FORWARD } from './known-props';
import type { Lists } from './lists';
import { forwardPath, type Problems } from './problems';
import { entriesOf, readObject } from './read-object';

/** The props of each kind of forward. */
interface PropsByKind {
  readonly tcp: TransportForwardProps;
  readonly udp: TransportForwardProps;
  readonly tls: TlsForwardProps;
  readonly http: HttpForwardProps;
  readonly https: HttpsForwardProps;
  readonly protocol: ProtocolForwardProps;
}

/** A forward as its user wrote it. It has only props of its kind, whose values are not checked yet. */
export type Written<Kind extends ForwardKind> = {
  [K in Kind]: { readonly kind: K; readonly props: Partial<PropsByKind[K]> };
}[Kind];

export type WrittenForward = Written<ForwardKind>;

export type WrittenForwards = readonly (readonly [name: string, WrittenForward])[];

/** What all forwards of a set are read with. */
export interface Reading {
  readonly stackEngine: Engine;
  readonly lists: Lists;
  /** The most hosts that carry them, on a fleet. Undefined: a single gateway. */
  readonly hosts: number | undefined;
}

const EXAMPLES: Readonly<Record<ForwardKind, string>> = {
  tcp: '{ listen: 80, to: 8080 }',
  udp: '{ listen: 53, to: 5353 }',
  tls: "{ listen: 443, hosts: { 'www.example.com': { to: '10.0.1.20:443' } } }",
  http: '{ listen: 80, to: 8080 }',
  https: '{ listen: 443, to: 8080, tls: Tls.selfSigned() }',
  protocol: "{ protocol: 'esp', to: '10.0.1.20' }",
};

/** The forwards by name. `names` also includes forwards that could not be read. */
export function readForwards(
  forwards: unknown,
  problems: Problems,
): { readonly names: readonly string[]; readonly written: WrittenForwards } {
  if (forwards !== undefined && entriesOf(forwards) === undefined) {
    problems.add(
      'forwards',
      'must hold forwards by name, such as { web: Forward.http({ listen: 80, to: 8080 }) }',
      forwards,
    );
    return { names: [], written: [] };
  }
  const entries = (entriesOf(forwards) ?? []).filter((entry): entry is [string, unknown] => {
    if (typeof entry[0] === 'string') return true;
    problems.add('forwards', 'must have texts for names', entry[0]);
    return false;
  });
  if (entries.length === 0) problems.add('forwards', 'must hold at least one forward');
  return {
    names: entries.map(([name]) => name),
    written: entries.flatMap(([name, forward]) => {
      const written = readForward(forwardPath(name), forward, problems);
      return written === undefined ? [] : [[name, written] as const];
    }),
  };
}

function readForward(at: string, forward: unknown, problems: Problems): WrittenForward | undefined {
  const made = madeBy(forward);
  if (made === undefined) {
    problems.add(
      at,
      'must be made by Forward.tcp, Forward.udp, Forward.tls, Forward.http, Forward.https or Forward.protocol',
      forward,
    );
    return undefined;
  }
  const { kind } = made;
  const spec = { parts: FORWARD[kind] as Readonly<Record<string, true>>, example: EXAMPLES[kind], required: true };
  const props = readObject(at, made.props, spec, problems);
  // The readers of each prop check its value.
  return props === undefined ? undefined : ({ kind, props } as WrittenForward);
}

/** The kind and props of a forward made by a factory. Undefined for anything that only resembles a forward. */
function madeBy(forward: unknown): { readonly kind: ForwardKind; readonly props: unknown } | undefined {
  if (types.isProxy(forward) || !(forward instanceof Forward)) return undefined;
  const { kind, props } = forward;
  return Object.hasOwn(FORWARD, kind) ? { kind, props } : undefined;
}
