import { checkStack } from '../../../lib/check-stack';
import { BASE, topic } from './support';

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
