import type { CfnInstance } from 'aws-cdk-lib/aws-ec2';
import type { Problems } from '../forward/problems';
import type { LiveTrigger } from './on-change';

/**
 * Families of Xen instances. Their metadata service shows only the tags of the last start, but a host learns of new
 * content by its tag.
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/work-with-tags-in-IMDS.html
 * @see https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-hypervisors.html
 */
const XEN = /^(c1|c3|c4|cc2|cr1|d2|f1|g2|g3s?|h1|hs1|i2|i3|m1|m2|m3|m4|p2|p3|r3|r4|t1|t2|x1e?)\.(?!metal)/;

/** Refuses instance types that do not notice changed tags while they run, where the host must notice them. */
export function checkLiveInstance(instanceType: unknown, trigger: LiveTrigger, problems: Problems): void {
  if (trigger === 'tag' && typeof instanceType === 'string' && XEN.test(instanceType))
    problems.add(
      'instanceType',
      "must be of a Nitro type such as t4g.micro or t3.micro with onChange 'live', the default: others do not notice changed tags while they run. Or choose liveTrigger 'poll', or onChange 'restart'",
      instanceType,
    );
}

/** The characters that EC2 accepts in a tag's key if the metadata service shows tags. */
const KEY = /^[\w\-+=,.@:]{1,255}$/;

/**
 * Refuses tags with which EC2 would not start the instance. Call it after all aspects. It does not see tags of `cdk
 * deploy --tags`.
 * @returns one text for each bad tag
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/work-with-tags-in-IMDS.html
 */
export function badTags(instance: CfnInstance): readonly string[] {
  const tags = (instance.tags.renderTags() ?? []) as readonly { readonly key: string }[];
  return tags
    .filter(({ key }) => !KEY.test(key))
    .map(
      ({ key }) =>
        `the instance's tag ${JSON.stringify(key)} must have letters, digits and -_+=,.@: with onChange 'live', the default, its metadata service shows tags: rename it, or leave the gateway out with Tags.of(app).add(…, { excludeResourceTypes: ['AWS::EC2::Instance'] }), or choose liveTrigger 'poll' or onChange 'restart'`,
    );
}
