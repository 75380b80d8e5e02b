import { essentialLines } from '../../src/aws/failure';

// As the CDK CLI 2.1148.1 wrote them.
const deployed = `
Demo | 22/25 | 5:46:44 PM | CREATE_COMPLETE         | AWS::CloudWatch::Alarm                   | Alarm (Alarm7103F465) 
Demo | 22/25 | 5:46:44 PM | CREATE_FAILED           | AWS::CloudFormation::WaitCondition       | Wait1 WaitCondition received failed message: 'a|b "c"' for uniqueId: boot-1
Demo | 22/25 | 5:46:44 PM | CREATE_FAILED           | AWS::EC2::Route                          | Vpc/Route (VpcRoute1) Resource creation cancelled
Demo |  1/25 | 5:46:44 PM | ROLLBACK_COMPLETE       | AWS::CloudFormation::Stack               | Demo Rollback complete

Failed resources:
Demo | 5:46:44 PM | CREATE_FAILED           | AWS::CloudFormation::WaitCondition       | Wait1 WaitCondition received failed message: 'a|b "c"' for uniqueId: boot-1
❌  Demo failed to deploy
‣ DeploymentError: Resource updates failed:
Demo/Wait1  (AWS::CloudFormation::WaitCondition Wait1)
  WaitCondition received failed message: 'a|b "c"' for uniqueId: boot-1
`;

test('a failed resource is told once, with its whole reason, and cancelled ones are left out', () => {
  expect(essentialLines(deployed)).toEqual([
    `CREATE_FAILED AWS::CloudFormation::WaitCondition Wait1 WaitCondition received failed message: 'a|b "c"' for uniqueId: boot-1`,
  ]);
});

test('a failed stack alone is no reason: the CLI says more', () => {
  const log =
    'Demo | 1 | 5:00:00 PM | DELETE_FAILED | AWS::CloudFormation::Stack | Demo\n❌  Demo: destroy failed DeploymentError: why';
  expect(essentialLines(log)).toEqual(['Demo: destroy failed DeploymentError: why']);
});

test('before any resource, the CLI tells its own error', () => {
  const log = `
✨  Synthesis time: 0.17s

‣ SsmParameterNotFound: SSM parameter /cdk-bootstrap/hnb659fds/version not found
‣ ParameterNotFound: Parameter /cdk-bootstrap/hnb659fds/version not found
`;
  expect(essentialLines(log)).toEqual([
    'SsmParameterNotFound: SSM parameter /cdk-bootstrap/hnb659fds/version not found',
    'ParameterNotFound: Parameter /cdk-bootstrap/hnb659fds/version not found',
  ]);
});

test("an app that fails is told in its own words, without the CLI's remark on its exit status", () => {
  const log = 'adminCidr is required\nnode --import tsx bin/app.ts: Subprocess exited with error 1\n';
  expect(essentialLines(log)).toEqual(['adminCidr is required']);
  expect(essentialLines('node app: Subprocess exited with error 1\n')).toEqual([
    'node app: Subprocess exited with error 1',
  ]);
});

test('an unknown failure shows the last lines', () => {
  expect(essentialLines('one\n\ntwo\nthree\nfour\n')).toEqual(['two', 'three', 'four']);
  expect(essentialLines('')).toEqual([]);
});
