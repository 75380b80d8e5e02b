import { pytestOutcome } from './parts/pytest';

const report = (attributes: string, cases = '') =>
  `<?xml version="1.0"?><testsuites name="pytest tests"><testsuite name="pytest" ${attributes}>${cases}</testsuite></testsuites>`;

test('counts passed, failed and broken tests', () => {
  const text = report('errors="1" failures="2" skipped="0" tests="10" time="1.0"');
  expect(pytestOutcome(text, 1)).toEqual({ passed: 7, failed: 3, skips: [] });
});

test('names skipped tests with their reason', () => {
  const skipped =
    '<testcase classname="a" name="test_x" time="0"><skipped type="pytest.skip" message="no root">x</skipped></testcase>';
  expect(pytestOutcome(report('errors="0" failures="0" skipped="1" tests="2"', skipped), 0)).toEqual({
    passed: 1,
    failed: 0,
    skips: [{ name: 'test_x', reason: 'no root' }],
  });
});

test('a failure that is no test counts as one', () => {
  expect(pytestOutcome(report('errors="0" failures="0" skipped="0" tests="2"'), 3)).toMatchObject({
    passed: 2,
    failed: 1,
  });
});
