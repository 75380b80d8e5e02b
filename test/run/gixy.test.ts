import { type Acknowledged, type Finding, judge } from './gixy';

const finding: Finding = {
  path: 'nginx.conf',
  plugin: 'some_check',
  severity: 'HIGH',
  summary: 'It is bad.',
  reason: '',
  config: '\nserver {\n\tserver_name a.example;\n\n\tlocation / {\n\t\tbad thing;\n\t}\n}\n',
};
const known: Acknowledged = { plugin: 'some_check', about: /^bad \w+;$/, why: 'it is not' };

test('a finding is told with its file, its check and the directives that it is about', () => {
  expect(judge([finding], [])).toEqual([
    'nginx.conf: [some_check] HIGH: It is bad.: server { server_name a.example; location / { bad thing; } }',
  ]);
});

test('one that is acknowledged is not, unless it is about something else too', () => {
  expect(judge([finding], [known])).toEqual([]);
  expect(judge([finding, { ...finding, plugin: 'other' }], [known])).toHaveLength(1);
  const more = { ...finding, config: `${finding.config}worse thing;\n` };
  expect(judge([finding, more], [known])).toHaveLength(1);
  expect(judge([finding, { ...finding, config: '' }], [known])).toHaveLength(1);
});

test('an acknowledgement that nothing needs is told', () => {
  expect(judge([], [known])).toEqual(['nothing is found any more that [some_check] acknowledges: it is not']);
});
