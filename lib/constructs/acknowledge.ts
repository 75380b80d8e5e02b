import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Says of one finding on one construct (and what is below it) why it is accepted. Validators then leave it out of their
 * report. Never used on the wait condition or its handle: those types take no metadata without being replaced.
 */
export function acknowledge(construct: IConstruct, id: string, reason: string): void {
  Validations.of(construct).acknowledge({ id, reason });
}
