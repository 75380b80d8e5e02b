import { didYouMean } from './forward/unknown-prop';

/** Stack props that may come from the command line, as `-c name=value`. Strings unless noted otherwise. */
export const TEXTS = [
  'adminCidr',
  'ssh',
  'engine',
  'os',
  'architecture',
  'instanceType',
  'keyPairName',
  'sshPublicKey',
  'onChange',
  'liveTrigger',
  'firstBootScript',
] as const;
export const NUMBERS = ['attempt', 'availabilityZoneIndex', 'diskGiB', 'maxSecurityGroupRules'] as const;
export const SWITCHES = ['ipv6', 'ping'] as const;

/** All names of context values that Portway reads. */
export const KNOWN: readonly string[] = [...TEXTS, ...NUMBERS, ...SWITCHES, 'bootstrapless'];

const warned = new Set<string>();

/**
 * Warns on stderr, once per name, about context names that look like a misspelt stack prop: the CDK accepts any name and ignores
 * those that nothing reads. A team's own names and the CDK's feature flags do not resemble a prop.
 */
export function warnOfContext(names: readonly string[]): void {
  for (const name of names) {
    const meant = KNOWN.includes(name) ? undefined : didYouMean(name, KNOWN);
    if (meant === undefined || warned.has(name)) continue;
    warned.add(name);
    process.stderr.write(`warning: -c ${name} is unknown to Portway and has no effect: did you mean ${meant}?\n`);
  }
}
