import * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Known } from '../forward/known';
import type { Problems } from '../forward/problems';
import { passes, readObject } from '../forward/read-object';
import { isToken } from '../forward/token';
import type { MonitoringProps } from '../kernel/monitoring';
import { acknowledge, acknowledgeInPacks } from './acknowledge';

/** What the host tells, and what AWS tells of the host. */
export interface GatewayMonitoringProps extends MonitoringProps {
  /**
   * Alarms on what EC2 itself measures of the host, so that nothing has to run on it: failed status checks, which also
   * recover or reboot the host, a processor that is busy for 15 minutes, and on types with CPU credits more use than
   * they earn. With `cloudWatch` also on what the host sends: errors, targets, certificates, tracked connections, disk, and silence.
   * `portway plan` says what they cost. Adding, changing or removing them leaves the host alone.
   * @default none; with `egress` those on status checks
   * @see docs/monitoring/README.md#alarms
   */
  readonly alarms?: AlarmsProps;
  /**
   * Whether CloudWatch gets a dashboard of what EC2 itself measures of the host: processor, credits, status checks, bytes and packets, and its
   * alarms; with `cloudWatch` also of what the host sends. `portway plan` says what it costs. Adding or removing it leaves the host alone.
   * @default false
   * @see docs/monitoring/README.md#a-dashboard
   */
  readonly dashboard?: boolean;
}

/** Who is told when an alarm goes off, and when it recovers. One of the two. */
export interface AlarmsProps {
  /**
   * An email address. A new SNS topic sends to it, once AWS's first message to it is confirmed.
   * @default none
   * @refused together with `topic`; anything but one address
   */
  readonly email?: string;
  /**
   * An SNS topic that is there already. CloudWatch must be allowed to publish to it: if it is encrypted, by a key of yours
   * whose policy lets `cloudwatch.amazonaws.com` use it.
   * @default none
   */
  readonly topic?: sns.ITopic;
}

export const MONITORING = {
  prometheus: true,
  cloudWatch: true,
  logs: true,
  alarms: true,
  dashboard: true,
} satisfies Known<GatewayMonitoringProps>;
export const ALARMS = { email: true, topic: true } satisfies Known<AlarmsProps>;

/** `monitoring`, of which other readers check the parts. */
export function readMonitoring(
  value: unknown,
  problems: Problems,
): Partial<Record<keyof typeof MONITORING, unknown>> | undefined {
  const example = "{ prometheus: { from: ['10.0.5.0/24'] }, alarms: { email: 'ops@example.com' } }";
  const parts = readObject('monitoring', value, { parts: MONITORING, example }, problems);
  if (parts !== undefined && Object.keys(parts).length === 0)
    problems.add('monitoring', 'must hold prometheus, cloudWatch, logs, alarms or dashboard, or be left out');
  return parts;
}

/** Checks whom alarms tell. */
export function readAlarms(value: unknown, problems: Problems): AlarmsProps | undefined {
  const at = 'monitoring.alarms';
  const props = readObject(at, value, { parts: ALARMS, example: "{ email: 'ops@example.com' }" }, problems);
  if (props === undefined) return undefined;
  const { email, topic } = props;
  if ((email === undefined) === (topic === undefined)) {
    problems.add(at, 'must hold either email or topic: who is told');
    return undefined;
  }
  if (topic !== undefined) {
    if (isTopic(topic)) return { topic };
    problems.add(`${at}.topic`, `must be ${TOPIC}`, topic);
    return undefined;
  }
  if (typeof email === 'string' && (isToken(email) || /^[^\s@,;<>]+@[^\s@,;<>]+\.[^\s@,;<>]+$/.test(email)))
    return { email };
  problems.add(`${at}.email`, 'must be one email address, such as ops@example.com', email);
  return undefined;
}

/** What a topic is, worded as in messages. */
export const TOPIC = "a topic, such as sns.Topic.fromTopicArn(this, 'Alarms', 'arn:aws:sns:...')";

export function isTopic(value: unknown): value is sns.ITopic {
  return passes(() => Construct.isConstruct(value) && typeof (value as Partial<sns.ITopic>).topicArn === 'string');
}

/** The topic that alarms tell: the given one, or a new one that sends to the email address. */
export function alarmTopic(scope: Construct, { email, topic }: AlarmsProps): sns.ITopic {
  if (topic !== undefined) return topic;
  const made = new sns.Topic(scope, 'AlarmTopic', { displayName: 'Portway alarms' });
  new sns.Subscription(made, 'Email', {
    topic: made,
    protocol: sns.SubscriptionProtocol.EMAIL,
    endpoint: email ?? '',
  });
  const encryption =
    'CloudWatch cannot publish to a topic that is encrypted with the key of SNS; a key of its own costs more than all alarms. The messages name the host alone.';
  acknowledge(made, 'AwsSolutions-SNS2', encryption);
  acknowledgeInPacks(made, 'SNSEncryptedKMS', encryption);
  acknowledge(made, 'AwsSolutions-SNS3', 'CloudWatch, the only publisher, uses TLS.');
  return made;
}
