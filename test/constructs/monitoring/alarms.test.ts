import { Stack } from 'aws-cdk-lib';
import * as sns from 'aws-cdk-lib/aws-sns';
import { printPlan } from '../../../lib/plan/print';
import { alarmsOf, planOf, template, topic } from './support';

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
  const plan = planOf({ monitoring: { alarms: { topic } } });
  expect(plan.gateway.alarms).toMatchObject({ count: 4, dollarsAMonth: 0.4 });
  expect(printPlan('Portway', plan)).toMatch(
    /^4 alarms: \$0\.40 a month \(list price in us-east-1 of 2026-11, https:\/\/aws\.amazon\.com\/cloudwatch\/pricing\/\)$/m,
  );
});
