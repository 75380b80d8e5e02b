import { createHash } from 'node:crypto';
import {
  type CfnResource,
  CfnWaitCondition,
  CfnWaitConditionHandle,
  type Duration,
  type IResolveContext,
  Lazy,
  Stack,
} from 'aws-cdk-lib';
import type { CfnInstance } from 'aws-cdk-lib/aws-ec2';
import { PATH_METADATA_ENABLE_CONTEXT } from 'aws-cdk-lib/cx-api';
import { Construct } from 'constructs';
import { replacingProperties } from './final-properties';

export interface ProofProps {
  /** What the host has to prove besides the instance's own properties, among them user-data. */
  readonly subject: string;
  /** The longest time from the host's start to its report. */
  readonly timeout: Duration;
  /** A new number proves the same content again, with new ids. */
  readonly attempt: number;
}

/** Length of the hash in an id, in hexadecimal digits. */
export const GENERATION_DIGITS = 16;

/** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const LONGEST_LOGICAL_ID = 255;

/**
 * The host's report as part of the deployment: a wait condition that stays open until the host signals that it forwards, or why it
 * does not.
 *
 * A wait condition works only once. So its logical id, and its handle's, end in a hash of everything that must be proved: a
 * deployment that changes any of it creates a new pair and waits for a new signal. AWS ParallelCluster does the same with a
 * timestamp; with a hash, a deployment without changes waits for nothing. AWS keys the signal by stack and logical id, so content
 * that failed must be deployed again with another `attempt`, or it might read its own old signal.
 *
 * The hash is computed while the template is written. Aspects run before that and may replace the host (a launch template,
 * tenancy): the new host, too, must prove itself before it gets the address.
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-waitcondition.html
 */
export class Proof extends Construct {
  /** The URL that the host reports to. */
  readonly signalUrl: string;
  /** A token: the hash of everything that is proved, in 16 hexadecimal digits. */
  readonly generation: string;
  /** Length of the handle's logical id, which is part of the URL. */
  readonly handleIdLength: number;
  private readonly handle: CfnWaitConditionHandle;
  private readonly subject: string;
  private readonly timeout: Duration;
  private readonly attempt: number;
  private host: CfnInstance | undefined;
  /** Breaks the recursion: user-data, which is hashed, contains the handle's id, which ends in the hash. */
  private isHashing = false;

  constructor(scope: Construct, id: string, { subject, timeout, attempt }: ProofProps) {
    super(scope, id);
    this.subject = subject;
    this.timeout = timeout;
    this.attempt = attempt;
    // These types cannot be updated, so they must never have metadata or tags. The construct's path would be metadata too.
    this.node.setContext(PATH_METADATA_ENABLE_CONTEXT, false);
    this.handle = new CfnWaitConditionHandle(this, 'Handle');
    this.handleIdLength = this.endInHash(this.handle) + GENERATION_DIGITS;
    this.signalUrl = this.handle.ref;
    this.generation = Lazy.uncachedString({ produce: (context) => this.hash(context) });
  }

  /** The condition that waits for the report of `host`. `host` must not depend on anything that waits for the condition. */
  waitFor(host: CfnInstance): CfnWaitCondition {
    this.host = host;
    const condition = new CfnWaitCondition(this, 'Condition', {
      handle: this.handle.ref,
      timeout: String(this.timeout.toSeconds()),
      count: 1,
    });
    this.endInHash(condition);
    condition.node.addDependency(host);
    return condition;
  }

  /** @returns the length of the id before the hash */
  private endInHash(resource: CfnResource): number {
    const stable = Stack.of(this)
      .getLogicalId(resource)
      .slice(0, LONGEST_LOGICAL_ID - GENERATION_DIGITS);
    resource.overrideLogicalId(Lazy.uncachedString({ produce: (context) => `${stable}${this.hash(context)}` }));
    return stable.length;
  }

  /** Before templates are written, the CDK only looks for references, and a hash has none. */
  private hash({ preparing }: IResolveContext): string {
    if (preparing || this.isHashing || this.host === undefined) return '';
    this.isHashing = true;
    try {
      const instance = replacingProperties(this.host);
      return hash({ subject: this.subject, instance, timeout: this.timeout.toSeconds(), attempt: this.attempt });
    } finally {
      this.isHashing = false;
    }
  }
}

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, GENERATION_DIGITS);
}
