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
const SWITCHES = ['ipv6', 'ping'] as const;

/** What `-c bootstrapless=true` and the other context values mean for a stack; what is not given is not there. */
export function contextProps(node: Node): Omit<PortwayStackProps, 'forwards'> {
  const given = [...TEXTS, ...NUMBERS, ...SWITCHES].flatMap((name) => {
    const value: unknown = node.tryGetContext(name);
    if (value === undefined || value === '') return [];
    if (NUMBERS.includes(name as never)) return [[name, Number(value)]];
    return [[name, SWITCHES.includes(name as never) ? readSwitch(value) : value]];
  });
  // LegacyStackSynthesizer and not BootstraplessSynthesizer: the latter still names roles that only bootstrapping makes.
  const bootstrapless = String(node.tryGetContext('bootstrapless')) === 'true';
  // Nothing is checked here: the stack checks all its props together, adminCidr's absence too.
  return { ...Object.fromEntries(given), ...(bootstrapless ? { synthesizer: new LegacyStackSynthesizer() } : {}) };
}

/** What is neither stays as it is, and the stack refuses it. */
function readSwitch(value: unknown): unknown {
  return value === 'true' ? true : value === 'false' ? false : value;
}
