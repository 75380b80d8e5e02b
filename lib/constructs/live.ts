import { CfnResource, type CfnWaitCondition, LegacyStackSynthesizer, Stack, Tags } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Problems } from '../forward/problems';
import type { HostContent } from '../host/host-content';
import { CONTENT_TAG, liveContent, pointerName, TEMPLATE_LIMIT } from '../host/live/content';
import { renderLoader } from '../host/live/loader';
import { signalUrlReserve, type UserData } from '../host/user-data';
import { badTags } from './check-live';
import { LiveContentStore } from './live-content';
import { LiveProof } from './live-proof';
import type { LiveTrigger } from './on-change';
import { GENERATION_DIGITS, type Proof } from './proof';

export interface LiveProps {
  /** The gateway's name: see `gatewayName`. */
  readonly name: string;
  readonly content: HostContent;
  /** The proof of the host's boot. */
  readonly boot: Proof;
  readonly attempt: number;
  readonly trigger: LiveTrigger;
  /** The host's role. */
  readonly role: iam.IRole;
  /** The rules of the security group. */
  readonly rules: readonly CfnResource[];
}

/**
 * Bytes left for the content in a template that is sent without a bucket: AWS's limit, less roughly what else the template holds.
 * A resource takes 390 bytes on average, the loader and what is created later take 7,100, and 13,000 is the least of all, measured
 * with a VPC of others. The pointer depends on each of the `rules`.
 */
function roomFor({ synthesizer, node }: Stack, rules: number): number | undefined {
  if (!(synthesizer instanceof LegacyStackSynthesizer)) return undefined;
  const resources = node.findAll().filter((one) => CfnResource.isCfnResource(one)).length;
  return TEMPLATE_LIMIT - Math.max(13_000, 7_100 + 390 * resources) - 45 * rules;
}

/**
 * How a running host learns of changed forwards. Its content is in Parameter Store, and its user-data is a loader that
 * is the same for all contents. A change updates the security group's rules, the parts, the pointer, and then the
 * instance's tag, which the host reads from its metadata service every few seconds. Without that tag, the host polls the
 * pointer. The condition waits until the host has proved the content.
 */
export class Live extends Construct {
  readonly userData: UserData;
  private readonly content: string;
  private readonly store: LiveContentStore;
  private readonly proof: LiveProof;
  private readonly trigger: LiveTrigger;

  constructor(scope: Construct, id: string, props: LiveProps, problems: Problems) {
    super(scope, id);
    const { name, boot, attempt, role, rules } = props;
    const { generation, signalUrl, handleIdLength: handleLength } = boot;
    const live = liveContent(props.content, problems, roomFor(Stack.of(this), rules.length));
    this.content = live.content;
    this.trigger = props.trigger;
    this.proof = new LiveProof(this, 'Proof', live.content);
    // An id that does not show in those of its resources: without a bucket each byte of the template counts.
    this.store = new LiveContentStore(this, 'Default', {
      ...{ name, live, generation, attempt, reader: role, after: rules },
      condition: this.proof.logicalId,
    });
    const text = renderLoader({ pointer: pointerName(name, generation), signalUrl });
    const reserve = signalUrlReserve({ stack: Stack.of(this).stackName, handleLength });
    const known = text.replace(signalUrl, '').replace(generation, '');
    const size = Buffer.byteLength(known) + GENERATION_DIGITS + reserve;
    this.userData = { text, size, reserve, compressed: false, parameters: this.store.names, content: live.content };
  }

  /** Makes the host load its content, and waits for it. `boot` is the condition of its boot. */
  attach(instance: ec2.Instance, boot: CfnWaitCondition): void {
    const host = instance.instance;
    host.node.addDependency(this.store.pointer);
    if (this.trigger === 'tag') {
      Tags.of(instance).add(CONTENT_TAG, this.content);
      instance.node.addValidation({ validate: () => [...badTags(host)] });
    }
    this.proof.waitFor(host, boot);
  }
}
