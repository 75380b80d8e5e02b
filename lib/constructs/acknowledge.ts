import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Says of one finding on one construct (and what is below it) why it is accepted. Validators then leave it out of their
 * report. Never used on the wait condition or its handle: those types take no metadata without being replaced.
 */
export function acknowledge(construct: IConstruct, id: string, reason: string): void {
  Validations.of(construct).acknowledge({ id, reason });
}

/** Packs of cdk-nag that share their rules, each under a prefix of its own. */
const PACKS = ['HIPAA.Security', 'NIST.800.53.R4', 'NIST.800.53.R5', 'PCI.DSS.321'] as const;

/** The same of a rule that cdk-nag's HIPAA, NIST and PCI packs share, such as `IAMNoInlinePolicy`. */
export function acknowledgeInPacks(construct: IConstruct, rule: string, reason: string): void {
  for (const pack of PACKS) acknowledge(construct, `${pack}-${rule}`, reason);
}
