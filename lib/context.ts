import { LegacyStackSynthesizer } from 'aws-cdk-lib';
import type { Node } from 'constructs';
import { NUMBERS, SWITCHES, TEXTS, warnOfContext } from './context-names';
import type { PortwayStackProps } from './portway-stack-props';

/** What `-c bootstrapless=true` and the other context values mean for a stack; unset values are omitted. */
export function contextProps(node: Node): Omit<PortwayStackProps, 'forwards'> {
  warnOfContext(Object.keys(node.getAllContext()));
  const values = [...TEXTS, ...NUMBERS, ...SWITCHES].flatMap((name) => {
    const value: unknown = node.tryGetContext(name);
    if (value === undefined || value === '') return [];
    if (NUMBERS.includes(name as never)) return [[name, Number(value)]];
    return [[name, SWITCHES.includes(name as never) ? readSwitch(value) : value]];
  });
  // Not BootstraplessSynthesizer: it still names roles that only bootstrapping creates.
  const bootstrapless = String(node.tryGetContext('bootstrapless')) === 'true';
  // No checks here: the stack checks all its props together, including a missing adminCidr.
  return { ...Object.fromEntries(values), ...(bootstrapless ? { synthesizer: new LegacyStackSynthesizer() } : {}) };
}

/** Any other value is returned unchanged, for the stack to reject. */
function readSwitch(value: unknown): unknown {
  return value === 'true' ? true : value === 'false' ? false : value;
}
