import { App, Validations } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { AwsSolutionsChecks } from 'cdk-nag';
import { PortwayStack } from '../../lib/portway-stack';
import { CANONICAL, featureFlags } from '../snapshots/canonical';

/** The findings of cdk-nag's AwsSolutions pack; it leaves out what was acknowledged. */
function findings(create: (app: App) => PortwayStack): string[] {
  const app = new App({ context: featureFlags() });
  const stack = create(app);
  return new AwsSolutionsChecks(app).validateScope(stack).violations.map((v) => v.ruleName);
}

test.each(Object.entries(CANONICAL))('%s: no finding of AwsSolutions without a written reason', (_name, props) => {
  expect(findings((app) => new PortwayStack(app, 'Portway', props))).toEqual([]);
});

test('the check finds what is wrong', () => {
  const found = findings((app) => {
    const stack = new PortwayStack(app, 'Portway', CANONICAL.nginx as (typeof CANONICAL)[string]);
    new ec2.CfnVolume(stack, 'Plain', { availabilityZone: 'a', size: 8, encrypted: false });
    return stack;
  });
  expect(found).toContainEqual(expect.stringContaining('AwsSolutions-EC26'));
});

test('every acknowledgement has a reason of some words, and none stands on the wait types', () => {
  const stack = new PortwayStack(new App(), 'Portway', CANONICAL['nginx-tls'] as (typeof CANONICAL)[string]);
  const all = stack.node.findAll().flatMap((c) => c.node.metadata.map((m) => ({ path: c.node.path, ...m })));
  const acknowledgements = all.filter((m) => m.type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY);
  expect(acknowledgements.length).toBeGreaterThan(2);
  for (const { path, data } of acknowledgements) {
    expect(path).not.toMatch(/\/Proof/);
    expect(JSON.stringify(data)).toMatch(/(\S+ ){5}/);
  }
});
