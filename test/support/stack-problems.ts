import { checkStack } from '../../lib/check-stack';
import { Forward } from '../../lib/forward/forward';
import { PortwayError } from '../../lib/forward/problems';

/** The least that a stack needs. */
export const base = { adminCidr: '203.0.113.7/32', forwards: { web: Forward.http({ listen: 80, to: 8080 }) } };

/** The problems with any kind of props. */
export function problemsOf(props: unknown): readonly string[] {
  try {
    checkStack(props);
    return [];
  } catch (error) {
    if (error instanceof PortwayError) return error.problems;
    throw error;
  }
}
