import { type CfnWaitCondition, Stack, Tags } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import { CONTENT_TAG } from '../host/content/stored-content';
import { badTags } from './check-live';
import { LiveProof } from './live-proof';
import type { LiveTrigger } from './on-change';

export interface LiveProps {
  /** SHA-256 of the host's content. */
  readonly content: string;
  readonly trigger: LiveTrigger;
}

/**
 * How a running host learns of changed forwards. User-data is the same for all contents. A change updates the security
 * group's rules, the content's parameters, and then the instance's tag, which the host reads from its metadata service
 * every few seconds. Without that tag, the host polls the pointer. The condition waits until the host has proved the
 * content.
 */
export class Live extends Construct {
  /** What the host signals: see `PointerProps.live`. */
  readonly report: { readonly condition: string; readonly stack: string };
  private readonly proof: LiveProof;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: LiveProps,
  ) {
    super(scope, id);
    this.proof = new LiveProof(this, 'Proof', props.content);
    this.report = { condition: this.proof.logicalId, stack: Stack.of(this).stackName };
  }

  /** Makes the host load its content, and waits for it. `boot` is the condition of its boot. */
  attach(instance: ec2.Instance, boot: CfnWaitCondition): void {
    const host = instance.instance;
    if (this.props.trigger === 'tag') {
      Tags.of(instance).add(CONTENT_TAG, this.props.content);
      instance.node.addValidation({ validate: () => [...badTags(host)] });
    }
    this.proof.waitFor(host, boot);
  }
}
