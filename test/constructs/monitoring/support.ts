import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as sns from 'aws-cdk-lib/aws-sns';
import { Forward } from '../../../lib/forward/forward';
import { Tls } from '../../../lib/forward/tls';
import type { Plan } from '../../../lib/plan/plan';
import { PortwayStack } from '../../../lib/portway-stack';
import type { PortwayStackProps } from '../../../lib/portway-stack-props';

export const BASE: PortwayStackProps = {
  adminCidr: '203.0.113.7/32',
  keyPairName: 'team',
  forwards: { web: Forward.http({ listen: 80, to: 8080 }) },
};

/** One forward with a certificate, and one with targets that are asked. */
export const HTTPS = {
  forwards: {
    web: Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() }),
    game: Forward.tcp({ listen: 81, to: ['10.0.1.10:81', '10.0.1.11:81'], engine: 'iptables', healthCheck: true }),
  },
} as const;

/** Whom alarms tell. */
export const topic = sns.Topic.fromTopicArn(new Stack(), 'Topic', 'arn:aws:sns:eu-central-1:123456789012:operators');

export function template(props: Partial<PortwayStackProps>): Template {
  return Template.fromStack(new PortwayStack(new App(), 'Portway', { ...BASE, ...props }));
}

export const alarmsOf = (one: Template) =>
  Object.values(one.findResources('AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties);

/** What `portway plan` reads. */
export function planOf(props: Partial<PortwayStackProps>): Plan {
  const app = new App();
  new PortwayStack(app, 'Portway', { ...BASE, ...props });
  return JSON.parse(readFileSync(join(app.synth().directory, 'Portway.plan.json'), 'utf8'));
}
