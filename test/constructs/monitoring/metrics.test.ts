import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Template } from 'aws-cdk-lib/assertions';
import { Forward } from '../../../lib/forward/forward';
import { Tls } from '../../../lib/forward/tls';
import { printPlan } from '../../../lib/plan/print';
import { HTTPS, planOf, template } from './support';

const SENT = { cloudWatch: { level: 'forwards', retentionDays: 7 } } as const;
test('the host may write into one stream of one log group, which goes with the stack', () => {
  const one = template({ monitoring: SENT });
  const groups = one.findResources('AWS::Logs::LogGroup');
  expect(Object.values(groups)).toEqual([
    {
      Type: 'AWS::Logs::LogGroup',
      Properties: { LogGroupName: '/portway/Portway', RetentionInDays: 7 },
      ...{ DeletionPolicy: 'Delete', UpdateReplacePolicy: 'Delete' },
    },
  ]);
  one.hasResourceProperties('AWS::Logs::LogStream', {
    LogGroupName: { Ref: Object.keys(groups)[0] },
    LogStreamName: 'metrics',
  });
  const statements = Object.values(one.findResources('AWS::IAM::Policy')).flatMap(
    ({ Properties }) => Properties.PolicyDocument.Statement as readonly { Action: string; Resource: unknown }[],
  );
  const rights = statements.filter(({ Action }) => `${Action}`.startsWith('logs:'));
  expect(rights.map(({ Action }) => Action)).toEqual(['logs:PutLogEvents']);
  expect(JSON.stringify(rights[0]?.Resource)).toMatch(/:log-group:\/portway\/Portway:log-stream:metrics"/);
  expect(JSON.stringify(rights)).not.toContain('*');
});

test('logs go to a group of their own, each to its stream', () => {
  const one = template({
    monitoring: { logs: { access: true, retentionDays: 14 } },
    protect: { newConnectionsPerSecond: 50 },
  });
  one.hasResourceProperties('AWS::Logs::LogGroup', { LogGroupName: '/portway/Portway/logs', RetentionInDays: 14 });
  const streams = (some: Template) =>
    Object.values(some.findResources('AWS::Logs::LogStream')).map(({ Properties }) => Properties.LogStreamName);
  expect(streams(one)).toEqual(['bootstrap', 'protect', 'access', 'error']);
  expect(streams(template({ monitoring: { logs: {} } }))).toEqual(['bootstrap']);
  const raw = { forwards: { raw: Forward.tcp({ listen: 81, to: '10.0.1.10:81', engine: 'nginx' }) } } as const;
  expect(streams(template({ ...raw, monitoring: { logs: { access: true } } }))).toEqual([
    'bootstrap',
    'stream',
    'error',
  ]);
  const rights = JSON.stringify(one.findResources('AWS::IAM::Policy'));
  expect(rights.match(/log-stream:\w+/g)).toEqual(
    ['bootstrap', 'protect', 'access', 'error'].map((name) => `log-stream:${name}`),
  );
});

test('the host learns of the log group when it is there', () => {
  const resources = template({ monitoring: SENT }).toJSON().Resources as Record<
    string,
    { readonly Type: string; readonly DependsOn?: readonly string[] }
  >;
  const ids = Object.keys(resources).filter((id) => resources[id]?.Type.startsWith('AWS::Logs::'));
  const [pointer] = Object.keys(resources).filter((id) => /Pointer/.test(id));
  expect(ids).toHaveLength(2);
  expect(resources[pointer ?? '']?.DependsOn).toEqual(expect.arrayContaining(ids));
});

test.each([
  ['all', 11, 3.32],
  ['forwards', 21, 6.35],
  ['percentiles', 23, 6.95],
] as const)('portway plan says what the metrics of level %s cost', (level, count, dollars) => {
  const plan = planOf({ ...HTTPS, monitoring: { cloudWatch: { level } } });
  expect(plan.gateway.metrics).toMatchObject({ count, dollarsAMonth: dollars });
  expect(printPlan('Portway', plan)).toContain(
    `${count} metrics in CloudWatch: $${dollars.toFixed(2)} a month (list price in us-east-1 of 2026-11, `,
  );
});

test('the page says what each level costs', () => {
  const page = readFileSync(join(__dirname, '..', '..', '..', 'docs', 'monitoring', 'README.md'), 'utf8');
  const written = [...page.matchAll(/^\| `(all|forwards|percentiles)`.*\| (\d+) metrics, \$([\d.]+) +\|$/gm)];
  expect(written).toHaveLength(3);
  const https = (listen: number) => Forward.https({ listen, to: 8080, tls: Tls.selfSigned() });
  for (const [, level, count, dollars] of written) {
    const monitoring = { cloudWatch: { level: level as 'all' } };
    const plan = planOf({ forwards: { a: https(443), b: https(8443) }, monitoring });
    expect(plan.gateway.metrics).toMatchObject({ count: Number(count), dollarsAMonth: Number(dollars) });
  }
});
