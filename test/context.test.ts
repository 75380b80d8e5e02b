import { App } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { contextProps, Forward, PortwayStack } from '../lib';

const PROPS = { adminCidr: '203.0.113.7/32', forwards: { web: Forward.http({ listen: 80, to: 8080 }) } };
const unread = (stack: PortwayStack) =>
  Annotations.fromStack(stack)
    .findWarning('*', Match.stringLikeRegexp('has no effect on this stack'))
    .map(({ entry }) => String(entry.data).split(' [ack')[0]);

test('a context value that the app does not read is named, with what to do', () => {
  const app = new App({ context: { engine: 'iptables', adminCidr: '203.0.113.7/32', stage: 'test' } });
  // The same value in the props has its effect, and other names are the team's.
  expect(unread(new PortwayStack(app, 'Portway', PROPS))).toEqual([
    '-c engine has no effect on this stack: spread ...contextProps(app.node) into its props, or set engine there.',
  ]);
});

test('values that the app reads are not, even where a prop overrides them', () => {
  const app = new App({ context: { engine: 'iptables', adminCidr: '198.51.100.7/32' } });
  expect(unread(new PortwayStack(app, 'Portway', { ...contextProps(app.node), ...PROPS, engine: 'nginx' }))).toEqual(
    [],
  );
});
