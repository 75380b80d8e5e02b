/**
 * Whether a string holds a value that CloudFormation fills in at deploy time (a CDK token), so that it cannot be
 * checked now. lib/forward is CDK-free, so it looks for the mark that the CDK puts into encoded strings.
 * @see https://docs.aws.amazon.com/cdk/v2/guide/tokens.html
 */
export function isToken(value: unknown): boolean {
  return typeof value === 'string' && value.includes('${Token[');
}

/** The CDK encodes numbers that are known only at deploy time as very large negative ones (about -1.8e+289). */
export function isNumberToken(value: unknown): boolean {
  return typeof value === 'number' && value < -1e280;
}
