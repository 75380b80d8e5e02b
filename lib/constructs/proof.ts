import { createHash } from 'node:crypto';
import { CfnWaitCondition, CfnWaitConditionHandle, type Duration, Stack } from 'aws-cdk-lib';
import { PATH_METADATA_ENABLE_CONTEXT } from 'aws-cdk-lib/cx-api';
import { Construct } from 'constructs';

export interface ProofProps {
  /**
   * All that the host has to prove: its files and settings, and each property whose change replaces or restarts it.
   * May hold tokens.
   */
  readonly subject: unknown;
  /** How long the host may take from its start to its report. */
  readonly timeout: Duration;
  /** Another number makes the same content be proved once more, under ids of its own. */
  readonly attempt: number;
}

/**
 * The host's report as a part of the deployment: a wait condition that stays open until the host says that it forwards, or
 * why not.
 *
 * A wait condition works once. So its ids, and its handle's, carry a hash of everything that must be proved: a deployment that
 * changes any of it makes a new pair and waits for a new signal. AWS ParallelCluster does the same with a time in the id; a
 * hash leaves a deployment that changes nothing alone. AWS keys the signal by stack and logical id, so content
 * that failed is deployed again with another `attempt`, or it might read its own old signal.
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-waitcondition.html
 */
export class Proof extends Construct {
  /** What the host calls itself by in its report. */
  readonly content: string;
  /** The URL that the host reports to. */
  readonly signalUrl: string;
  /** The handle's logical id, which stands in the URL. */
  readonly handleId: string;
  private readonly handle: CfnWaitConditionHandle;
  private readonly timeout: Duration;

  constructor(scope: Construct, id: string, { subject, timeout, attempt }: ProofProps) {
    super(scope, id);
    const all = Stack.of(this).resolve({ subject, timeout: timeout.toSeconds(), attempt });
    this.content = createHash('sha256').update(JSON.stringify(all)).digest('hex').slice(0, 16);
    this.timeout = timeout;
    // No metadata and no tags, ever: these types cannot be updated. The construct's path would be metadata too.
    this.node.setContext(PATH_METADATA_ENABLE_CONTEXT, false);
    this.handle = new CfnWaitConditionHandle(this, `Handle${this.content}`);
    this.signalUrl = this.handle.ref;
    this.handleId = Stack.of(this).getLogicalId(this.handle);
  }

  /** The condition that waits for the report of `host`, which must depend on nothing that waits for it in turn. */
  waitFor(host: Construct): CfnWaitCondition {
    const condition = new CfnWaitCondition(this, `Condition${this.content}`, {
      handle: this.handle.ref,
      timeout: String(this.timeout.toSeconds()),
      count: 1,
    });
    condition.node.addDependency(host);
    return condition;
  }
}
