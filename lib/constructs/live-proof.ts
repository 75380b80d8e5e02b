import { CfnWaitCondition, Stack } from 'aws-cdk-lib';
import type { CfnInstance } from 'aws-cdk-lib/aws-ec2';
import { PATH_METADATA_ENABLE_CONTEXT } from 'aws-cdk-lib/cx-api';
import { Construct } from 'constructs';

/** Hexadecimal digits of the content's hash in the logical id. */
const DIGITS = 16;

/** How long the host may take for a change, as an ISO 8601 duration. A boot before it has its own condition. */
const TIMEOUT = 'PT5M';

/**
 * The host's report on its content as part of the deployment: a wait condition without a handle, which the host signals
 * with `SignalResource`. AWS refuses a signal for a resource that is not being created, so an old signal never counts.
 * The logical id ends in the content's hash, so each change waits, and so does a change back to earlier content.
 * Nothing may depend on it: an update that renames a dependency may be refused.
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-creationpolicy.html
 * @see https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2220
 */
export class LiveProof extends Construct {
  readonly condition: CfnWaitCondition;
  /** The condition's logical id. */
  readonly logicalId: string;

  /**
   * @param content hash of the content, in hexadecimal digits
   * @param hosts how many must report, and how long they may take, as an ISO 8601 duration
   */
  constructor(scope: Construct, id: string, content: string, { count, timeout } = { count: 1, timeout: TIMEOUT }) {
    super(scope, id);
    // The type cannot be updated, so it must never have metadata. The construct's path would be metadata too. With another count or time it
    // is another resource; its name is in the pointer, so hosts report again.
    this.node.setContext(PATH_METADATA_ENABLE_CONTEXT, false);
    const own = count === 1 ? '' : `-${count}-${timeout}`;
    this.condition = new CfnWaitCondition(this, `Condition${own}`);
    this.condition.cfnOptions.creationPolicy = { resourceSignal: { count, timeout } };
    // The CDK's id has at most 255 characters, as CloudFormation requires.
    const stable = Stack.of(this)
      .getLogicalId(this.condition)
      .slice(0, 255 - DIGITS);
    this.logicalId = `${stable}${content.slice(0, DIGITS)}`;
    this.condition.overrideLogicalId(this.logicalId);
  }

  /** Waits only after the host has booted. */
  waitFor(host: CfnInstance, boot: CfnWaitCondition): void {
    this.condition.node.addDependency(host, boot);
  }
}
