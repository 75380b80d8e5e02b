import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { PublicHostedZone } from 'aws-cdk-lib/aws-route53';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { HostedZoneSource } from '../../lib/forward/acme-zone';
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

describe('a certificate whose domains a CA checks by records', () => {
  const tls = (zone: HostedZoneSource | string, ...domains: string[]) =>
    Tls.letsEncrypt({ email: 'admin@example.com', domains, dns: { zone } });

  test("lets the host change these records alone, in the zone's own app", () => {
    const app = new App({ context: featureFlags() });
    const zone = new PublicHostedZone(new Stack(app, 'Zones'), 'Zone', { zoneName: 'example.com' });
    const made = new PortwayStack(app, 'Portway', {
      adminCidr: '203.0.113.7/32',
      sshPublicKey: PUBLIC_KEY,
      forwards: {
        secure: Forward.https({ listen: 443, to: 8080, tls: tls(zone, 'example.com', '*.example.com') }),
        other: Forward.https({ listen: 8443, to: 8080, tls: tls(zone, '*.apps.example.com') }),
      },
    });
    const template = Template.fromStack(made);
    const of = (type: string) => Object.values(template.findResources(type)) as [{ Properties: Policy }];
    const statements = of('AWS::IAM::Policy').flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
    const arn = (...end: unknown[]) => ({ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ...end]] });
    expect(statements.filter((s) => [s.Action].flat().some((action) => action.startsWith('route53:')))).toEqual([
      {
        Action: 'route53:ChangeResourceRecordSets',
        Effect: 'Allow',
        Resource: arn(':route53:::hostedzone/', expect.anything()),
        Condition: {
          'ForAllValues:StringEquals': {
            'route53:ChangeResourceRecordSetsNormalizedRecordNames': [
              '_acme-challenge.example.com',
              '_acme-challenge.apps.example.com',
            ],
            'route53:ChangeResourceRecordSetsRecordTypes': ['TXT'],
            'route53:ChangeResourceRecordSetsActions': ['UPSERT', 'DELETE'],
          },
        },
      },
      { Action: 'route53:GetChange', Effect: 'Allow', Resource: arn(':route53:::change/*') },
      { Action: 'route53:ListHostedZones', Effect: 'Allow', Resource: '*' },
    ]);
    const report = new AwsSolutionsChecks(app).validateScope(made);
    expect(report.violations.map((v) => v.ruleName)).toEqual([]);
    // A star is no name to go to.
    const urls = Object.entries(template.findOutputs('*')).filter(([name]) => name.startsWith('Url'));
    expect(urls.map(([name, { Value }]) => [name, Value])).toEqual([['Urlsecure', 'https://example.com']]);
  });
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
