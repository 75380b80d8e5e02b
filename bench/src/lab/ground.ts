import type { Party } from '../../../test/host/support/host';

/** Where a carrier is set up: the sides of one contender, as commands on them. */
export interface Ground {
  readonly applicationAt: 'gateway' | 'backend';
  /** The application's own address, which a client without a gateway would ask. */
  readonly target: string;
  /** Runs a line of bash. @throws Error with the output if it fails */
  sh(party: Party, script: string, input?: string | Buffer): Promise<string>;
  /** Writes a file on a side. */
  put(party: Party, path: string, content: string | Buffer, mode?: string): Promise<void>;
  /** Waits for a line of bash to succeed. @throws Error if it does not within some seconds */
  ready(party: Party, what: string, script: string): Promise<void>;
}
