import { printPlan } from '../../../lib/plan/print';
import { planOf, template, topic } from './support';

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
  const plan = planOf({ monitoring: { dashboard: true } });
  expect(printPlan('Portway', plan)).toMatch(/^1 dashboard: \$3\.00 a month \(list price in us-east-1 of 2026-11, /m);
});
