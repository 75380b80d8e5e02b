import { App, Stack, Validations } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as kms from 'aws-cdk-lib/aws-kms';
import {
  AwsSolutionsChecks,
  HIPAASecurityChecks,
  NIST80053R4Checks,
  NIST80053R5Checks,
  PCIDSS321Checks,
} from 'cdk-nag';
import { PortwayStack } from '../../lib/portway-stack';
import type { PortwayStackProps } from '../../lib/portway-stack-props';
import { CANONICAL } from '../snapshots/canonical';
import { featureFlags } from '../snapshots/synthesize';

const PACKS = { AwsSolutionsChecks, HIPAASecurityChecks, NIST80053R4Checks, NIST80053R5Checks, PCIDSS321Checks };

/** The findings of a cdk-nag pack, except acknowledged ones. */
function findings(create: (app: App) => Stack, pack: keyof typeof PACKS = 'AwsSolutionsChecks'): string[] {
  const app = new App({ context: featureFlags() });
  const stack = create(app);
  return new PACKS[pack](app).validateScope(stack).violations.map((v) => v.ruleName);
}

describe.each(Object.keys(PACKS) as (keyof typeof PACKS)[])('%s', (pack) => {
  test.each(Object.entries(CANONICAL))('%s: no finding without a written reason', (_name, props) => {
    expect(findings((app) => new PortwayStack(app, 'Portway', props), pack)).toEqual([]);
  });
});

test('does not excuse what a prop turns on', () => {
  const rules = (props: Partial<PortwayStackProps>) => {
    const app = new App({ context: featureFlags() });
    const key = new kms.Key(new Stack(app, 'Keys'), 'Logs');
    const stack = new PortwayStack(app, 'Portway', {
      ...(CANONICAL.nginx as (typeof CANONICAL)[string]),
      ...props,
      ...(props.flowLogs === true ? { logEncryptionKey: key } : {}),
    });
    return stack.node
      .findAll()
      .flatMap((c) => c.node.metadata)
      .filter((m) => m.type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .map((m) => JSON.stringify(m.data))
      .join();
  };
  const excused = /VPCFlowLogsEnabled|DetailedMonitoring|LogGroupEncrypted|EC28|VPC7/;
  expect(rules({})).toMatch(excused);
  expect(rules({ flowLogs: true, detailedMonitoring: true })).not.toMatch(excused);
  const on = { ...(CANONICAL.nginx as (typeof CANONICAL)[string]), flowLogs: true, detailedMonitoring: true };
  const all = findings((app) => {
    const logEncryptionKey = new kms.Key(new Stack(app, 'Keys'), 'Logs', { enableKeyRotation: true });
    return new PortwayStack(app, 'Portway', { ...on, logEncryptionKey });
  }, 'HIPAASecurityChecks');
  expect(all).toEqual([]);
});

test('finds a real problem', () => {
  const found = findings((app) => {
    const stack = new PortwayStack(app, 'Portway', CANONICAL.nginx as (typeof CANONICAL)[string]);
    new ec2.CfnVolume(stack, 'Plain', { availabilityZone: 'a', size: 8, encrypted: false });
    return stack;
  });
  expect(found).toContainEqual(expect.stringContaining('AwsSolutions-EC26'));
});

test('gives a reason for every acknowledgement, and acknowledges nothing on the wait types', () => {
  const stack = new PortwayStack(new App(), 'Portway', CANONICAL['nginx-tls'] as (typeof CANONICAL)[string]);
  const all = stack.node.findAll().flatMap((c) => c.node.metadata.map((m) => ({ path: c.node.path, ...m })));
  const acknowledgements = all.filter((m) => m.type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY);
  expect(acknowledgements.length).toBeGreaterThan(2);
  for (const { path, data } of acknowledgements) {
    expect(path).not.toMatch(/\/Proof/);
    expect(JSON.stringify(data)).toMatch(/(\S+ ){5}/);
  }
});
