import { createHash } from 'node:crypto';
import { type CfnResource, CfnWaitCondition, CfnWaitConditionHandle, type Duration, Lazy, Stack } from 'aws-cdk-lib';
import type { CfnInstance } from 'aws-cdk-lib/aws-ec2';
import { PATH_METADATA_ENABLE_CONTEXT } from 'aws-cdk-lib/cx-api';
import { Construct } from 'constructs';
import { replacingProperties } from './final-properties';

export interface ProofProps {
  /** All that the host has to prove apart from the instance's own properties: its files and settings. May hold tokens. */
  readonly subject: unknown;
  /** How long the host may take from its start to its report. */
  readonly timeout: Duration;
  /** Another number makes the same content be proved once more, under ids of its own. */
  readonly attempt: number;
}

/** Hexadecimal digits of a hash in an id. */
const DIGITS = 16;

/** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const LONGEST_LOGICAL_ID = 255;

/**
 * The host's report as a part of the deployment: a wait condition that stays open until the host says that it forwards, or
 * why not.
 *
 * A wait condition works once. So its logical id, and its handle's, end in a hash of everything that must be proved: a deployment that
 * changes any of it makes a new pair and waits for a new signal. AWS ParallelCluster does the same with a time in the id; a
 * hash leaves a deployment that changes nothing alone. AWS keys the signal by stack and logical id, so content
 * that failed is deployed again with another `attempt`, or it might read its own old signal.
 *
 * The hash is taken when the template is written. Aspects run before that, and may replace the host (a launch template, tenancy): it
 * must prove itself then too, before it gets the address.
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-waitcondition.html
 */
export class Proof extends Construct {
  /** What the host calls its files and settings by in its report. */
  readonly content: string;
  /** The URL that the host reports to. */
  readonly signalUrl: string;
  /** Length of the handle's logical id, which stands in the URL. */
  readonly handleIdLength: number;
  private readonly handle: CfnWaitConditionHandle;
  private readonly timeout: Duration;
  private readonly attempt: number;
  private host: CfnInstance | undefined;
  /** The instance's user-data holds the handle's id, which is being made. */
  private isHashing = false;

  constructor(scope: Construct, id: string, { subject, timeout, attempt }: ProofProps) {
    super(scope, id);
    this.content = hash(Stack.of(this).resolve(subject));
    this.timeout = timeout;
    this.attempt = attempt;
    // No metadata and no tags, ever: these types cannot be updated. The construct's path would be metadata too.
    this.node.setContext(PATH_METADATA_ENABLE_CONTEXT, false);
    this.handle = new CfnWaitConditionHandle(this, 'Handle');
    this.handleIdLength = this.endInHash(this.handle) + DIGITS;
    this.signalUrl = this.handle.ref;
  }

  /** The condition that waits for the report of `host`, which must depend on nothing that waits for it in turn. */
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

  /** @returns the length of what stands before the hash */
  private endInHash(resource: CfnResource): number {
    const stable = Stack.of(this)
      .getLogicalId(resource)
      .slice(0, LONGEST_LOGICAL_ID - DIGITS);
    resource.overrideLogicalId(Lazy.uncachedString({ produce: () => `${stable}${this.hash()}` }));
    return stable.length;
  }

  private hash(): string {
    if (this.isHashing || this.host === undefined) return '';
    this.isHashing = true;
    try {
      const instance = replacingProperties(this.host);
      return hash({ content: this.content, instance, timeout: this.timeout.toSeconds(), attempt: this.attempt });
    } finally {
      this.isHashing = false;
    }
  }
}

function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, DIGITS);
}
