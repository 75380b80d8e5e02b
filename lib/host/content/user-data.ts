import { isToken } from '../../forward/token';

/** EC2's limit in bytes, before base64. @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html */
export const USER_DATA_LIMIT = 16_384;

/**
 * Bytes reserved for the signal's URL, which is known only at deploy time. It contains the names of the stack and the handle, and the
 * region four times. A measured URL has 467 characters, with a stack name of 4, a handle of 17 and a region of 10. The reserve allows
 * for regions of 16, for partitions with longer names and domains, and for a small margin.
 */
export function signalUrlReserve(names: { readonly stack: string; readonly handleLength: number }): number {
  return 520 + lengthOf(names.stack) + names.handleLength;
}

/** A stack's name has at most 128 characters. @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
function lengthOf(stack: string): number {
  return isToken(stack) ? 128 : stack.length;
}

/** A host's user-data: it fetches the content, which it does not hold. */
export interface UserData {
  /** The MIME text. The signal's URL is still a token. */
  readonly text: string;
  /** Bytes, counting the whole reserve for the URL. */
  readonly size: number;
  readonly reserve: number;
  /** Names of the parameters that the host reads its content from. */
  readonly parameters: readonly string[];
  /** SHA-256 of that content. */
  readonly content: string;
  /** Whether user-data names the content, so that each change of it restarts or replaces the host. */
  readonly namesContent: boolean;
}
