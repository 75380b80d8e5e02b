import { findings, withoutAws } from './parts/cdk';

test('every finding in the CLI’s report is told, warnings too', () => {
  const violatingConstructs = [{ constructPath: 'Portway/Sg' }];
  const violations = [{ ruleName: 'W2508', description: 'open to the world', violatingConstructs }];
  expect(findings({ pluginReports: [{ violations }, {}] })).toEqual(['W2508 Portway/Sg: open to the world']);
  expect(findings({ pluginReports: [{ violations: [] }] })).toEqual([]);
});

test('nothing of the user’s AWS settings reaches the CLI', () => {
  const env = withoutAws({ AWS_PROFILE: 'prod', AWS_ACCESS_KEY_ID: 'x', CDK_DEFAULT_ACCOUNT: '1', PATH: '/bin' }, '/h');
  expect(env).toMatchObject({ AWS_PROFILE: undefined, AWS_ACCESS_KEY_ID: undefined, CDK_DEFAULT_ACCOUNT: undefined });
  expect('AWS_PROFILE' in env).toBe(true);
  expect('PATH' in env).toBe(false);
});
