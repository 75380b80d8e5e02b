import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { AwsSolutionsChecks } from 'cdk-nag';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { PortwayStack } from '../../lib/portway-stack';
import { PUBLIC_KEY } from '../snapshots/canonical';
import { featureFlags } from '../snapshots/synthesize';

const ARN = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:web/tls-AbCdEf';

function stack(makeSecret: (scope: Stack) => Secret | ReturnType<typeof Secret.fromSecretCompleteArn>) {
  const app = new App({ context: featureFlags() });
  const secret = makeSecret(new Stack(app, 'Secrets'));
  const secure = (listen: number) => Forward.https({ listen, to: 8080, tls: Tls.secret(secret) });
  return new PortwayStack(app, 'Portway', {
    adminCidr: '203.0.113.7/32',
    sshPublicKey: PUBLIC_KEY,
    forwards: { secure: secure(443), other: secure(8443) },
  });
}

/** The parts of a resource that these tests read. */
interface Policy {
  readonly PolicyDocument: { readonly Statement: readonly { readonly Action: string | readonly string[] }[] };
}

test('allows the host to read only this secret, before it boots', () => {
  const made = stack((scope) => Secret.fromSecretCompleteArn(scope, 'Tls', ARN) as Secret);
  const template = Template.fromStack(made);
  template.resourceCountIs('AWS::IAM::Policy', 1);
  const [{ Properties }] = Object.values(template.findResources('AWS::IAM::Policy')) as [{ Properties: Policy }];
  const statements = Properties.PolicyDocument.Statement;
  // The host also reads its content, and reports on it.
  const own = /^ssm:GetParameters$|^cloudformation:SignalResource$/;
  expect(statements.filter((s) => ![s.Action].flat().every((action) => own.test(action)))).toEqual([
    {
      Action: ['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue'],
      Effect: 'Allow',
      Resource: ARN,
    },
  ]);
  const [policy = ''] = Object.keys(template.findResources('AWS::IAM::Policy'));
  template.hasResource('AWS::EC2::Instance', { DependsOn: Match.arrayWith([policy]) });
  const report = new AwsSolutionsChecks(made.node.root as App).validateScope(made);
  expect(report.violations.map((v) => v.ruleName)).toEqual([]);
});

test('references a secret that is created in the same app', () => {
  const template = Template.fromStack(stack((scope) => new Secret(scope, 'Tls'))).toJSON();
  const lines = Object.values(template.Resources as Record<string, { Type: string; Properties: object }>)
    .filter((r) => r.Type === 'AWS::SSM::Parameter')
    .map((r) => JSON.stringify(r.Properties));
  // The pointer has the secret's name, and the list of certificates its place.
  expect(lines.join()).toMatch(/\{\\"forward\\":\\"secure\\",\\"source\\":\\"secret\\",\\"secret\\":\\"@\(\d+\)\\"/);
  expect(lines.join()).toMatch(/\\"values\\":\[\\"",\{"(Ref|Fn::)/);
});
