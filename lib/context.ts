import { LegacyStackSynthesizer } from 'aws-cdk-lib';
import type { Node } from 'constructs';
import type { PortwayStackProps } from './portway-stack';

/** The stack props that may come from the command line, as `-c name=value`; texts unless said otherwise. */
const TEXTS = [
  'adminCidr',
  'engine',
  'os',
  'architecture',
  'instanceType',
  'keyPairName',
  'sshPublicKey',
  'onChange',
  'firstBootScript',
] as const;
const NUMBERS = ['attempt', 'availabilityZoneIndex', 'diskGiB', 'maxSecurityGroupRules'] as const;

/** What `-c bootstrapless=true` and the other context values mean for a stack; what is not given is not there. */
export function contextProps(node: Node): Omit<PortwayStackProps, 'forwards'> {
  const given = [...TEXTS, ...NUMBERS].flatMap((name) => {
    const value: unknown = node.tryGetContext(name);
    return value === undefined || value === '' ? [] : [[name, NUMBERS.includes(name as never) ? Number(value) : value]];
  });
  // LegacyStackSynthesizer and not BootstraplessSynthesizer: the latter still names roles that only bootstrapping makes.
  const bootstrapless = String(node.tryGetContext('bootstrapless')) === 'true';
  // Nothing is checked here: the stack checks all its props together, adminCidr's absence too.
  return { ...Object.fromEntries(given), ...(bootstrapless ? { synthesizer: new LegacyStackSynthesizer() } : {}) };
}
