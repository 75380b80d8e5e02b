import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Annotations, App, Stack, Stage } from 'aws-cdk-lib';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Forward } from '../../lib/forward/forward';
import { annotationLines, concerning } from '../../lib/plan/annotations';
import { stacksOf } from '../../lib/plan/assembly';
import { PortGateway } from '../../lib/port-gateway';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'portway-annotations-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Two gateways in a stack of a stage, with annotations at each level. */
function synthesized() {
  const app = new App({ outdir: folder });
  const stack = new Stack(new Stage(app, 'Prod'), 'Team');
  const vpc = new Vpc(stack, 'Vpc', { natGateways: 0 });
  const gateway = (id: string, key: object) =>
    new PortGateway(stack, id, {
      ...key,
      vpc,
      adminCidr: '203.0.113.7/32',
      engine: 'iptables',
      forwards: { web: Forward.tcp({ listen: 80, to: 8080 }) },
    });
  const first = gateway('Gate', {});
  gateway('Gateway', { keyPairName: 'team' });
  Annotations.of(vpc).addWarning('of the VPC');
  Annotations.of(stack).addInfo('of the stack\nin two lines');
  Annotations.of(first).addWarningV2('team:old', 'is old');
  Annotations.of(first).addError('must not be deployed');
  app.synth();
  const [found] = stacksOf(folder);
  return found?.annotations ?? [];
}

test('a gateway has the annotations of its constructs and of what it is in, errors first', () => {
  const { annotations = [] } = concerning('Prod/Team/Gate', synthesized());
  expect(annotations).toContainEqual({ level: 'warning', path: 'Prod/Team/Gate', text: 'is old', id: 'team:old' });
  expect(annotations).toContainEqual({ level: 'info', path: 'Prod/Team', text: 'of the stack\nin two lines' });
  expect(annotationLines(annotations)).toEqual([
    'error of Prod/Team/Gate: must not be deployed',
    'warning of Prod/Team/Gate: is old (team:old)',
    expect.stringMatching(/^warning of Prod\/Team\/Gate\/Gateway: Port 22 is open .*\(portway:nobodyCanLogIn\)$/),
    'info of Prod/Team: of the stack\nin two lines',
  ]);
});

test('another gateway of the stack does not have them, though its name begins alike', () => {
  expect(concerning('Prod/Team/Gateway', synthesized())).toEqual({
    annotations: [{ level: 'info', path: 'Prod/Team', text: 'of the stack\nin two lines' }],
  });
  expect(concerning('Prod/Other', synthesized())).toEqual({});
});

test('the gateway of a PortwayStack has all of its stack', () => {
  const { annotations = [] } = concerning('Prod/Team', synthesized());
  expect(annotations.map(({ text }) => text)).toEqual(expect.arrayContaining(['of the VPC', 'is old']));
});
