import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Accepts one validator finding on a construct and its children, with the reason. Validators then leave it out of their report.
 * Never use it on the wait condition or its handle: changing their metadata replaces them.
 */
export function acknowledge(construct: IConstruct, id: string, reason: string): void {
  Validations.of(construct).acknowledge({ id, reason });
}

/** Rule packs of cdk-nag that share rules, each with its own prefix. */
const PACKS = ['HIPAA.Security', 'NIST.800.53.R4', 'NIST.800.53.R5', 'PCI.DSS.321'] as const;

/** The same for a rule that cdk-nag's HIPAA, NIST and PCI packs share, such as `IAMNoInlinePolicy`. */
export function acknowledgeInPacks(construct: IConstruct, rule: string, reason: string): void {
  for (const pack of PACKS) acknowledge(construct, `${pack}-${rule}`, reason);
}
