import { App, Aspects, aws_ec2 as ec2 } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { readPromised } from '../../lib/operate/promised';
import { stacksOf } from '../../lib/plan/assembly';
import { featureFlags } from '../snapshots/synthesize';
import { companyApp } from '../support/company-app';

/*
 * An app as a company may have it. Its templates are checked against AWS's schemas in the part `cfn-lint`.
 */
const app = new App({ context: featureFlags() });
const { edge, data } = companyApp(app);
const nag = new AwsSolutionsChecks(app);
const assembly = app.synth();
const template = Template.fromStack(edge);

test('two gateways are in the network of another stack, and let into service and database', () => {
  template.resourceCountIs('AWS::EC2::VPC', 0);
  template.resourceCountIs('AWS::EC2::Instance', 2);
  expect(edge.dependencies).toEqual([data]);
  const ports = (type: string, peer: string) =>
    Object.values(template.findResources(type))
      .filter(({ Properties }) => Properties[peer] !== undefined)
      .map(({ Properties }) => Properties.FromPort);
  // The database's port is known at deploy.
  for (const found of [
    ports('AWS::EC2::SecurityGroupIngress', 'SourceSecurityGroupId'),
    ports('AWS::EC2::SecurityGroupEgress', 'DestinationSecurityGroupId'),
  ])
    expect(found).toEqual([8080, expect.any(Object)]);
});

test('verify takes the port of the database as known at deploy', async () => {
  const [office] = await readPromised(assembly.directory, 'Edge/Office');
  const [web] = await readPromised(assembly.directory, 'Edge/Web');
  const toGroup = { peer: undefined, ofGroup: true };
  expect(office?.outbound).toContainEqual({ what: 'tcp (a port known at deploy)', anyPortOf: 'tcp', ...toGroup });
  expect(web?.outbound).toContainEqual({ what: 'tcp 8080', ...toGroup });
});

test('the permissions boundary and the tags reach each role and host', () => {
  const roles = Object.values(template.findResources('AWS::IAM::Role'));
  expect(roles).toHaveLength(2);
  for (const { Properties } of roles) expect(Properties.PermissionsBoundary).toBeDefined();
  template.allResourcesProperties('AWS::EC2::Instance', {
    Tags: Match.arrayWith([{ Key: 'cost-center', Value: 'edge' }]),
  });
});

test('cdk-nag has nothing to say of the gateways, and something of the rest', () => {
  expect(nag.validateScope(edge).violations.map(({ ruleName }) => ruleName)).toEqual([]);
  expect(nag.validateScope(data).violations.length).toBeGreaterThan(0);
});

test('an aspect that hardens instances makes the hosts prove themselves anew, and both are planned', () => {
  // Of their boots: a live host's content is the same on any machine.
  const conditions = (one: Template) =>
    Object.keys(one.findResources('AWS::CloudFormation::WaitCondition')).filter((id) => !id.includes('LiveProof'));
  const other = new App({ context: featureFlags() });
  const { edge: hardened } = companyApp(other);
  Aspects.of(other).add({
    visit: (node) => {
      if (node instanceof ec2.CfnInstance) node.tenancy = 'dedicated';
    },
  });
  other.synth();
  const changed = conditions(Template.fromStack(hardened));
  expect(changed).toHaveLength(2);
  for (const id of changed) expect(conditions(template)).not.toContain(id);
  const [found] = stacksOf(assembly.directory).filter(({ name }) => name === 'Edge');
  expect([...(found?.gateways.keys() ?? [])]).toEqual(['Edge/Office', 'Edge/Web']);
});
