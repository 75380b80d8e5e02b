import { Forward } from '../../../lib/forward/forward';
import { Tls } from '../../../lib/forward/tls';
import { alarmsOf, HTTPS, planOf, template, topic } from './support';

test('with alarms, what the host sends is watched too', () => {
  const one = template({
    ...HTTPS,
    monitoring: { cloudWatch: { level: 'forwards' }, alarms: { topic }, dashboard: true },
  });
  const own = alarmsOf(one).filter(({ Namespace }) => Namespace !== 'AWS/EC2');
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
  const looks = (level: 'all' | 'forwards') =>
    alarmsOf(template({ ...two, monitoring: { cloudWatch: { level }, alarms: { topic } } }))
      .map(
        ({ AlarmDescription }) =>
          /forward\b.*? (Look (?:which|why|whose)[^:]*?)(?:, and what|:)/.exec(AlarmDescription)?.[1],
      )
      .filter((found) => found !== undefined);
  expect(looks('forwards').sort()).toEqual([
    ...["Look which of shop's", "Look which of web's", 'Look which target of shop', 'Look which target of web'],
    "Look why none of game's answers",
  ]);
  expect(looks('all').sort()).toEqual(['Look which, and why']);
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

test('an alarm on a share is charged for both of its metrics, and one on what is usual for three', () => {
  const plan = planOf({ monitoring: { cloudWatch: {}, alarms: { topic } } });
  expect(plan.gateway.alarms).toMatchObject({ count: 8, dollarsAMonth: 1.1 });
});

test('an alarm on flow logs is charged for with the metric that is made for it', () => {
  const plan = planOf({ flowLogs: true, monitoring: { alarms: { topic } } });
  expect(plan.gateway.alarms).toMatchObject({ count: 5, dollarsAMonth: 1 });
});
