import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as sns from 'aws-cdk-lib/aws-sns';
import { checkStack } from '../../lib/check-stack';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import type { Plan } from '../../lib/plan/plan';
import { printPlan } from '../../lib/plan/print';
import { PortwayStack } from '../../lib/portway-stack';
import type { PortwayStackProps } from '../../lib/portway-stack-props';

const BASE: PortwayStackProps = {
  adminCidr: '203.0.113.7/32',
  keyPairName: 'team',
  forwards: { web: Forward.http({ listen: 80, to: 8080 }) },
};
const topic = sns.Topic.fromTopicArn(new Stack(), 'Topic', 'arn:aws:sns:eu-central-1:123456789012:operators');

function template(props: Partial<PortwayStackProps>): Template {
  return Template.fromStack(new PortwayStack(new App(), 'Portway', { ...BASE, ...props }));
}

const alarmsOf = (one: Template) =>
  Object.values(one.findResources('AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties);

test('watches status checks, the processor and its credits, and tells one topic', () => {
  const alarms = alarmsOf(template({ monitoring: { alarms: { topic } } }));
  expect(
    alarms.map(({ MetricName, Threshold, EvaluationPeriods, Period }) => [
      MetricName,
      Threshold,
      EvaluationPeriods,
      Period,
    ]),
  ).toEqual([
    ['StatusCheckFailed_System', 1, 2, 60],
    ['StatusCheckFailed_Instance', 1, 3, 60],
    ['CPUUtilization', 80, 3, 300],
    ['CPUSurplusCreditBalance', 0, 12, 300],
  ]);
  for (const { AlarmActions, OKActions, AlarmDescription, Dimensions, TreatMissingData } of alarms) {
    expect(AlarmActions).toContain('arn:aws:sns:eu-central-1:123456789012:operators');
    expect(OKActions).toEqual(['arn:aws:sns:eu-central-1:123456789012:operators']);
    expect(AlarmDescription).toMatch(/^Portway: .*[Ll]ook .* \(docs\/monitoring\/README\.md#alarms\)$/);
    expect(Dimensions).toEqual([{ Name: 'InstanceId', Value: { Ref: expect.stringMatching(/^GatewayInstance/) } }]);
    expect(TreatMissingData).toBe('missing');
  }
  expect(alarms.map(({ AlarmActions }) => AlarmActions.length)).toEqual([2, 2, 1, 1]);
});

test.each([
  ['t3.micro', ['CPUUtilization', 'CPUSurplusCreditBalance']],
  ['t2.micro', ['CPUUtilization', 'CPUCreditBalance']],
  ['m7i.large', ['CPUUtilization']],
])('watches the credits of %s if it has any', (instanceType, metrics) => {
  const liveTrigger = { onChange: 'restart' } as const;
  const props = { architecture: 'x86_64', instanceType, ...liveTrigger, monitoring: { alarms: { topic } } } as const;
  expect(
    alarmsOf(template(props))
      .map(({ MetricName }) => MetricName)
      .slice(2),
  ).toEqual(metrics);
});

test('an email address gets a topic of its own, which goes with the stack', () => {
  const one = template({ monitoring: { alarms: { email: 'ops@example.com' } } });
  const [[id, made] = []] = Object.entries(one.findResources('AWS::SNS::Topic'));
  one.hasResourceProperties('AWS::SNS::Subscription', {
    Endpoint: 'ops@example.com',
    Protocol: 'email',
    TopicArn: { Ref: id },
  });
  expect([made?.DeletionPolicy, made?.UpdateReplacePolicy]).toEqual([undefined, undefined]);
  for (const { AlarmActions } of alarmsOf(one)) expect(AlarmActions).toContainEqual({ Ref: id });
});

test('the address comes after all alarms, and all of them after the report', () => {
  const resources = template({ monitoring: { alarms: { topic } } }).toJSON().Resources as Record<
    string,
    { readonly Type: string; readonly DependsOn?: string | readonly string[] }
  >;
  const alarms = Object.keys(resources).filter((id) => resources[id]?.Type === 'AWS::CloudWatch::Alarm');
  const after = (id: string): readonly string[] =>
    [resources[id]?.DependsOn ?? []].flat().flatMap((other) => [other, ...after(other)]);
  const association = Object.keys(resources).find((id) => resources[id]?.Type === 'AWS::EC2::EIPAssociation') ?? '';
  expect(after(association)).toEqual(expect.arrayContaining(alarms));
  for (const alarm of alarms) expect(after(alarm).join()).toMatch(/Proof/);
});

test('the topic of egress and that of monitoring are both told, and one alone once', () => {
  const other = sns.Topic.fromTopicArn(new Stack(), 'Other', 'arn:aws:sns:eu-central-1:123456789012:others');
  const egress = (alarmTopic: sns.ITopic) => ({ egress: { from: ['10.0.0.0/16'], alarmTopic } });
  const told = (alarmTopic: sns.ITopic) =>
    alarmsOf(template({ ...egress(alarmTopic), monitoring: { alarms: { topic } } }))[0]?.OKActions.length;
  expect([told(other), told(topic)]).toEqual([2, 1]);
});

test('without it there is neither alarm nor topic, and the host is the same', () => {
  const [without, withAlarms] = [template({}), template({ monitoring: { alarms: { topic } } })];
  without.resourceCountIs('AWS::CloudWatch::Alarm', 0);
  without.resourceCountIs('AWS::SNS::Topic', 0);
  expect(withAlarms.findResources('AWS::EC2::Instance')).toEqual(without.findResources('AWS::EC2::Instance'));
  expect(withAlarms.findResources('AWS::SSM::Parameter')).toEqual(without.findResources('AWS::SSM::Parameter'));
});

test('portway plan says what they cost, with the date and the page of the prices', () => {
  const app = new App();
  new PortwayStack(app, 'Portway', { ...BASE, monitoring: { alarms: { topic } } });
  const plan: Plan = JSON.parse(readFileSync(join(app.synth().directory, 'Portway.plan.json'), 'utf8'));
  expect(plan.gateway.alarms).toMatchObject({ count: 4, dollarsAMonth: 0.4 });
  expect(printPlan('Portway', plan)).toMatch(
    /^4 alarms: \$0\.40 a month \(list price in us-east-1 of 2026-11, https:\/\/aws\.amazon\.com\/cloudwatch\/pricing\/\)$/m,
  );
});

const SENT = { cloudWatch: { level: 'forwards', retentionDays: 7 } } as const;
const HTTPS = {
  forwards: {
    web: Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() }),
    game: Forward.tcp({ listen: 81, to: ['10.0.1.10:81', '10.0.1.11:81'], engine: 'iptables', healthCheck: true }),
  },
} as const;

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

test('with alarms, what the host sends is watched too', () => {
  const one = template({ ...HTTPS, monitoring: { ...SENT, alarms: { topic }, dashboard: true } });
  const alarms = Object.values(one.findResources('AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties);
  const own = alarms.filter(({ Namespace }) => Namespace !== 'AWS/EC2');
  expect(
    own.map(({ MetricName, Statistic, ComparisonOperator, Threshold, EvaluationPeriods, TreatMissingData }) => [
      ...[MetricName, Statistic, ComparisonOperator.replace('Threshold', ''), Threshold, EvaluationPeriods],
      TreatMissingData,
    ]),
  ).toEqual([
    ['Connections', 'SampleCount', 'LessThan', 1, 10, 'breaching'],
    [undefined, undefined, 'GreaterThan', 5, 5, 'notBreaching'],
    ['CertificateDays', 'Minimum', 'LessThan', 14, 1, 'missing'],
    ['HealthyTargets', 'Maximum', 'LessThan', 1, 3, 'missing'],
    [undefined, undefined, 'GreaterThanUpper', undefined, 3, 'notBreaching'],
    ['ConntrackPercent', 'Maximum', 'GreaterThan', 80, 3, 'missing'],
    ['DiskPercent', 'Maximum', 'GreaterThan', 80, 3, 'missing'],
  ]);
  for (const { AlarmActions, OKActions, AlarmDescription } of own) {
    expect([AlarmActions, OKActions]).toEqual([[topic.topicArn], [topic.topicArn]]);
    expect(AlarmDescription).toMatch(/^Portway: .* Look .* \(docs\/monitoring\/README\.md#alarms\)$/);
    expect(AlarmDescription.length).toBeLessThan(1024);
  }
  const [failing = [], refused = []] = own.flatMap(({ Metrics }) =>
    Metrics === undefined ? [] : [Metrics as readonly Record<string, never>[]],
  );
  expect(failing.map(({ Id, Expression, MetricStat }) => Expression ?? [Id, MetricStat])).toEqual([
    'IF(requests >= 20, 100 * errors / requests, 0)',
    ['requests', { Metric: expect.objectContaining({ MetricName: 'Requests' }), Period: 60, Stat: 'Sum' }],
    ['errors', { Metric: expect.objectContaining({ MetricName: 'ServerErrors' }), Period: 60, Stat: 'Sum' }],
  ]);
  expect(refused.map(({ Expression, MetricStat }) => Expression ?? MetricStat)).toEqual([
    'ANOMALY_DETECTION_BAND(m0, 4)',
    { Metric: expect.objectContaining({ MetricName: 'Refused' }), Period: 300, Stat: 'Sum' },
  ]);
  const ofForward: Readonly<Record<string, string>> = { CertificateDays: 'web', HealthyTargets: 'game' };
  for (const { MetricName, Dimensions, Metrics = [] } of own) {
    const forward = Metrics[1]?.MetricStat.Metric.MetricName === 'Requests' ? 'web' : ofForward[MetricName];
    expect(Dimensions ?? Metrics[1].MetricStat.Metric.Dimensions).toEqual([
      ...(forward === undefined ? [] : [{ Name: 'Forward', Value: forward }]),
      { Name: 'Gateway', Value: 'Portway' },
    ]);
  }
  const [board] = Object.values(one.findResources('AWS::CloudWatch::Dashboard'));
  const body = JSON.stringify(board?.Properties.DashboardBody);
  for (const name of [
    'Requests',
    'ServerErrors',
    'Refused',
    'ConntrackPercent',
    'ForwardsWithoutTarget',
    'CertificateDays',
  ])
    expect(body).toContain(`\\"Portway\\",\\"${name}\\",\\"Gateway\\",\\"Portway\\"`);
});

test('alarms name the forward where its metrics are told apart, and look at all together elsewhere', () => {
  const two = {
    forwards: { ...HTTPS.forwards, shop: Forward.https({ listen: 8443, to: 8081, tls: Tls.selfSigned() }) },
  };
  const texts = (level: 'all' | 'forwards') =>
    alarmsOf(template({ ...two, monitoring: { cloudWatch: { level }, alarms: { topic } } }))
      .map(({ AlarmDescription }) => /of the forward \w+|the forward \w+ has|a forward has/.exec(AlarmDescription)?.[0])
      .filter((found) => found !== undefined);
  expect(texts('forwards').sort()).toEqual([
    ...['of the forward shop', 'of the forward shop', 'of the forward web', 'of the forward web'],
    'the forward game has',
  ]);
  expect(texts('all')).toEqual(['a forward has']);
});

test('the model of what is usual goes with the stack, and comes before its alarm', () => {
  const one = template({ ...HTTPS, monitoring: { cloudWatch: {}, alarms: { topic } } });
  const models = one.findResources('AWS::CloudWatch::AnomalyDetector');
  expect(Object.values(models).map(({ Properties }) => Properties)).toEqual([
    {
      SingleMetricAnomalyDetector: {
        ...{ Namespace: 'Portway', MetricName: 'Refused', Stat: 'Sum' },
        Dimensions: [{ Name: 'Gateway', Value: 'Portway' }],
      },
    },
  ]);
  const [alarm] = Object.values(one.findResources('AWS::CloudWatch::Alarm')).filter(
    ({ Properties }) => Properties.ComparisonOperator === 'GreaterThanUpperThreshold',
  );
  expect(alarm?.DependsOn).toEqual(expect.arrayContaining(Object.keys(models)));
});

test('with flow logs, packets that the VPC rejects are watched too', () => {
  const one = template({ flowLogs: true, monitoring: { alarms: { topic } } });
  const [[group] = []] = Object.entries(one.findResources('AWS::Logs::LogGroup'));
  const filters = Object.values(one.findResources('AWS::Logs::MetricFilter')).map(({ Properties }) => Properties);
  expect(filters).toEqual([
    {
      LogGroupName: { Ref: group },
      FilterPattern: expect.stringMatching(/^\[version, .*, packets, bytes, start, end, action=REJECT, status\]$/),
      MetricTransformations: [
        { MetricNamespace: 'Portway/Portway', MetricName: 'RejectedPackets', MetricValue: '$packets', DefaultValue: 0 },
      ],
    },
  ]);
  const rejected = alarmsOf(one).filter(({ Metrics }) => JSON.stringify(Metrics ?? '').includes('RejectedPackets'));
  expect(rejected.map(({ ThresholdMetricId, AlarmActions }) => [ThresholdMetricId, AlarmActions])).toEqual([
    [expect.any(String), [topic.topicArn]],
  ]);
  template({ flowLogs: true }).resourceCountIs('AWS::Logs::MetricFilter', 0);
});

test('a gateway of TCP alone has no alarm on what it has not', () => {
  const forwards = { game: Forward.tcp({ listen: 81, to: '10.0.1.10:81', engine: 'iptables' }) };
  const one = template({ forwards, monitoring: { cloudWatch: {}, alarms: { topic } } });
  expect(Object.keys(one.findResources('AWS::CloudWatch::Alarm')).join()).not.toMatch(/Failing|NoTarget|Certificate/);
});

test.each([
  ['all', 11, 3.32],
  ['forwards', 21, 6.35],
  ['percentiles', 23, 6.95],
] as const)('portway plan says what the metrics of level %s cost', (level, count, dollars) => {
  const app = new App();
  new PortwayStack(app, 'Portway', { ...BASE, ...HTTPS, monitoring: { cloudWatch: { level } } });
  const plan: Plan = JSON.parse(readFileSync(join(app.synth().directory, 'Portway.plan.json'), 'utf8'));
  expect(plan.gateway.metrics).toMatchObject({ count, dollarsAMonth: dollars });
  expect(printPlan('Portway', plan)).toContain(
    `${count} metrics in CloudWatch: $${dollars.toFixed(2)} a month (list price in us-east-1 of 2026-11, `,
  );
});

test('the page says what each level costs', () => {
  const page = readFileSync(join(__dirname, '..', '..', 'docs', 'monitoring', 'README.md'), 'utf8');
  const written = [...page.matchAll(/^\| `(all|forwards|percentiles)`.*\| (\d+) metrics, \$([\d.]+) +\|$/gm)];
  expect(written).toHaveLength(3);
  const https = (listen: number) => Forward.https({ listen, to: 8080, tls: Tls.selfSigned() });
  for (const [, level, count, dollars] of written) {
    const app = new App();
    const monitoring = { cloudWatch: { level: level as 'all' } };
    new PortwayStack(app, 'Portway', { ...BASE, forwards: { a: https(443), b: https(8443) }, monitoring });
    const plan: Plan = JSON.parse(readFileSync(join(app.synth().directory, 'Portway.plan.json'), 'utf8'));
    expect(plan.gateway.metrics).toMatchObject({ count: Number(count), dollarsAMonth: Number(dollars) });
  }
});

test('an alarm on a share is charged for both of its metrics, and one on what is usual for three', () => {
  const app = new App();
  new PortwayStack(app, 'Portway', { ...BASE, monitoring: { cloudWatch: {}, alarms: { topic } } });
  const plan: Plan = JSON.parse(readFileSync(join(app.synth().directory, 'Portway.plan.json'), 'utf8'));
  expect(plan.gateway.alarms).toMatchObject({ count: 8, dollarsAMonth: 1.1 });
});

test('an alarm on flow logs is charged for with the metric that is made for it', () => {
  const app = new App();
  new PortwayStack(app, 'Portway', { ...BASE, flowLogs: true, monitoring: { alarms: { topic } } });
  const plan: Plan = JSON.parse(readFileSync(join(app.synth().directory, 'Portway.plan.json'), 'utf8'));
  expect(plan.gateway.alarms).toMatchObject({ count: 5, dollarsAMonth: 1 });
});

test('a dashboard shows what EC2 measures of the host, and its alarms', () => {
  const one = template({ monitoring: { alarms: { topic }, dashboard: true } });
  const [board] = Object.values(one.findResources('AWS::CloudWatch::Dashboard'));
  expect(board?.Properties.DashboardName).toEqual({ 'Fn::Join': ['', ['Portway-', { Ref: 'AWS::Region' }]] });
  const parts: readonly unknown[] = board?.Properties.DashboardBody['Fn::Join'][1];
  // What stands for each value of the deploy is one of its kind.
  const body = parts.map((part) => (typeof part === 'string' ? part : 'x')).join('');
  const metrics: readonly string[] = JSON.parse(body).widgets.flatMap(
    ({ properties }: { readonly properties: { readonly metrics?: readonly (readonly string[])[] } }) =>
      properties.metrics?.map(([, name]) => name) ?? [],
  );
  expect([...new Set(metrics)]).toEqual([
    ...['CPUUtilization', 'StatusCheckFailed_System', 'StatusCheckFailed_Instance'],
    ...['NetworkIn', 'NetworkOut', 'NetworkPacketsIn', 'NetworkPacketsOut'],
    ...['CPUCreditBalance', 'CPUSurplusCreditBalance'],
  ]);
  expect(JSON.parse(body).widgets.map(({ type }: { readonly type: string }) => type)).toContain('alarm');
  const alone = template({ monitoring: { dashboard: true } });
  expect(alone.findResources('AWS::EC2::Instance')).toEqual(template({}).findResources('AWS::EC2::Instance'));
  alone.resourceCountIs('AWS::CloudWatch::Alarm', 0);
});

test('portway plan says what a dashboard costs', () => {
  const app = new App();
  new PortwayStack(app, 'Portway', { ...BASE, monitoring: { dashboard: true } });
  const plan: Plan = JSON.parse(readFileSync(join(app.synth().directory, 'Portway.plan.json'), 'utf8'));
  expect(printPlan('Portway', plan)).toMatch(/^1 dashboard: \$3\.00 a month \(list price in us-east-1 of 2026-11, /m);
});

test.each([
  ['nothing in it', {}, 'monitoring must hold prometheus, cloudWatch, logs, alarms or dashboard, or be left out'],
  ['nobody', { alarms: {} }, 'monitoring.alarms must hold either email or topic: who is told'],
  ['two', { alarms: { email: 'a@example.com', topic } }, 'monitoring.alarms must hold either email or topic'],
  ['two addresses', { alarms: { email: 'a@example.com,b@example.com' } }, 'monitoring.alarms.email must be one email'],
  ['no address', { alarms: { email: 'ops' } }, 'monitoring.alarms.email must be one email address'],
  ['an ARN', { alarms: { topic: 'arn:aws:sns:x' } }, 'monitoring.alarms.topic must be a topic, such as'],
  ['another name', { alarms: { mail: 'a@example.com' } }, 'monitoring.alarms.mail must be one of email, topic'],
  [
    'another part',
    { alarm: {} },
    'monitoring.alarm must be one of prometheus, cloudWatch, logs, alarms, dashboard (did you mean alarms?)',
  ],
  [
    'another level',
    { cloudWatch: { level: 'each' } },
    'monitoring.cloudWatch.level must be all, forwards or percentiles',
  ],
  ['other days', { cloudWatch: { retentionDays: 10 } }, 'monitoring.cloudWatch.retentionDays must be one of 1, 3, 5,'],
  ['a level alone', { cloudWatch: 'all' }, 'monitoring.cloudWatch must be an object'],
  ['another name in it', { cloudWatch: { levels: 'all' } }, 'monitoring.cloudWatch.levels must be one of level, reten'],
  ['a dashboard with options', { dashboard: {} }, 'monitoring.dashboard must be true or false'],
  ['a list', { alarms: ['a@example.com'] }, 'monitoring.alarms must be an object'],
])('refuses %s', (_, monitoring, message) => {
  expect(() => checkStack({ ...BASE, monitoring })).toThrow(message);
});
