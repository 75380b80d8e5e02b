import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  App,
  Aspects,
  CfnResource,
  CliCredentialsStackSynthesizer,
  aws_ec2 as ec2,
  type IAspect,
  type IStackSynthesizer,
  aws_iam as iam,
  LegacyStackSynthesizer,
  NestedStack,
  aws_rds as rds,
  Stack,
  Stage,
  aws_s3 as s3,
  Tags,
} from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import type { IConstruct } from 'constructs';
import { Forward } from '../../lib/forward/forward';
import { PortGateway } from '../../lib/port-gateway';
import type { PortGatewayProps } from '../../lib/port-gateway-props';
import { PortwayStack } from '../../lib/portway-stack';
import { PUBLIC_KEY } from '../snapshots/canonical';

const props: PortGatewayProps = {
  adminCidr: '203.0.113.7/32',
  sshPublicKey: PUBLIC_KEY,
  engine: 'iptables',
  forwards: { web: Forward.tcp({ listen: 80, to: 8080 }) },
};

/** A team's stack with a VPC and a database in it. */
function team(app = new App()) {
  const stack = new Stack(app, 'Team');
  const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 2, natGateways: 0 });
  const database = new rds.DatabaseInstance(stack, 'Database', {
    engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_16 }),
    vpc: vpc as ec2.IVpc,
    vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
  });
  return { app, stack, vpc, database };
}

/** The resources of one type, by logical id. */
function resources(template: Template, type: string) {
  return Object.values(template.findResources(type)) as { Properties: Record<string, unknown>; DependsOn?: string[] }[];
}

/** No two resources of an account and region may have the same. */
function namesIn(template: Template): unknown[] {
  return [
    ...resources(template, 'AWS::SSM::Parameter').map(({ Properties }) => Properties.Name),
    ...resources(template, 'AWS::EC2::KeyPair').map(({ Properties }) => Properties.KeyName),
  ].map((name) => JSON.stringify(name));
}

describe('beside other resources', () => {
  test('a gateway in a VPC of the same stack waits for its way to the internet', () => {
    const { stack, vpc } = team();
    new PortGateway(stack, 'Gateway', { ...props, vpc });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::EC2::VPC', 1);
    const [route] = Object.keys(template.findResources('AWS::EC2::Route'));
    const [attachment] = Object.keys(template.findResources('AWS::EC2::VPCGatewayAttachment'));
    for (const type of ['AWS::EC2::Instance', 'AWS::EC2::EIP', 'AWS::EC2::EIPAssociation'])
      expect(resources(template, type)[0]?.DependsOn).toEqual(expect.arrayContaining([route, attachment]));
  });

  test('its own VPC needs no lookup in a stack with account and region', () => {
    const app = new App();
    const stack = new Stack(app, 'Team', { env: { account: '123456789012', region: 'eu-central-1' } });
    new PortGateway(stack, 'Gateway', { ...props, availabilityZoneIndex: 1 });
    const assembly = app.synth();
    expect(assembly.manifest.missing).toBeUndefined();
    Template.fromStack(stack).hasResourceProperties('AWS::EC2::Subnet', {
      AvailabilityZone: { 'Fn::Select': [1, { 'Fn::GetAZs': '' }] },
    });
    // The stack's own zones are as before.
    expect(stack.availabilityZones).toEqual(['dummy1a', 'dummy1b', 'dummy1c']);
  });

  test('it makes no outputs, and gives its address to other resources', () => {
    const { stack, vpc } = team();
    const gateway = new PortGateway(stack, 'Gateway', { ...props, vpc });
    new CfnResource(stack, 'Record', { type: 'Test::Record', properties: { address: gateway.address } });
    const template = Template.fromStack(stack);
    expect(template.findOutputs('*')).toEqual({});
    const [address] = Object.keys(template.findResources('AWS::EC2::EIP'));
    template.hasResourceProperties('Test::Record', { address: { Ref: address } });
  });

  test('a grant goes to its role', () => {
    const { stack } = team();
    const gateway = new PortGateway(stack, 'Gateway', props);
    new s3.Bucket(stack, 'Bucket').grantRead(gateway);
    Template.fromStack(stack).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          { Action: Match.arrayWith(['s3:GetObject*']), Effect: 'Allow', Resource: Match.anyValue() },
        ]),
      },
    });
  });
});

describe('connections', () => {
  /** The rules between a gateway and a database, by type. */
  const rules = (template: Template) =>
    ['Ingress', 'Egress'].map(
      (side) =>
        resources(template, `AWS::EC2::SecurityGroup${side}`).filter(({ Properties }) =>
          side === 'Ingress' ? Properties.SourceSecurityGroupId : Properties.DestinationSecurityGroupId,
        ).length,
    );

  test.each([
    ['allowFrom', (g: PortGateway, d: rds.DatabaseInstance) => d.connections.allowFrom(g, ec2.Port.tcp(5432))],
    ['allowDefaultPortFrom', (g: PortGateway, d: rds.DatabaseInstance) => d.connections.allowDefaultPortFrom(g)],
    ['allowTo', (g: PortGateway, d: rds.DatabaseInstance) => g.connections.allowTo(d, ec2.Port.tcp(5432))],
  ])('%s makes both rules, in the same stack and across stacks', (_, allow) => {
    const same = team();
    allow(new PortGateway(same.stack, 'Gateway', { ...props, vpc: same.vpc }), same.database);
    expect(rules(Template.fromStack(same.stack))).toEqual([1, 1]);

    const { app, vpc, database, stack } = team();
    const edge = new Stack(app, 'Edge');
    allow(new PortGateway(edge, 'Gateway', { ...props, vpc }), database);
    app.synth();
    expect(rules(Template.fromStack(edge))).toEqual([1, 1]);
    expect(rules(Template.fromStack(stack))).toEqual([0, 0]);
  });

  test("so does the gateway of a PortwayStack, in another stack's VPC", () => {
    const { app, vpc, database } = team();
    const edge = new PortwayStack(app, 'Edge', { ...props, vpc });
    database.connections.allowFrom(edge.gateway, ec2.Port.tcp(5432), 'Postgres');
    app.synth();
    expect(rules(Template.fromStack(edge))).toEqual([1, 1]);
  });

  test('others may reach it, and it may reach networks and its like', () => {
    const { stack, vpc } = team();
    const gateway = new PortGateway(stack, 'Gateway', { ...props, vpc });
    const other = new PortGateway(stack, 'Other', { ...props, vpc });
    const client = new ec2.SecurityGroup(stack, 'Client', { vpc: vpc as ec2.IVpc, allowAllOutbound: false });
    client.connections.allowTo(gateway, ec2.Port.tcp(80));
    gateway.connections.allowTo(ec2.Peer.ipv4('192.0.2.1/32'), ec2.Port.tcp(443), 'an API');
    gateway.connections.allowFrom(other, ec2.Port.udp(500));
    gateway.connections.allowInternally(ec2.Port.udp(4500));
    const template = Template.fromStack(stack);
    /** Of rules between groups; a forward's own name networks. */
    const ports = (side: string) =>
      resources(template, `AWS::EC2::SecurityGroup${side}`)
        .filter(({ Properties }) => Properties.CidrIp === undefined)
        .map(({ Properties }) => Properties.FromPort)
        .toSorted();
    expect(ports('Ingress')).toEqual([4500, 500, 80]);
    expect(ports('Egress')).toEqual([4500, 500, 80]);
    template.hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupEgress: Match.arrayWith([Match.objectLike({ CidrIp: '192.0.2.1/32', FromPort: 443 })]),
    });
  });
});

describe('several in one stack', () => {
  test.each(['live', 'restart', 'replace'] as const)('with %s, nothing has the same name', (onChange) => {
    const app = new App();
    const stack = new Stack(app, 'Team');
    // With preserved addresses in UDP and TCP: does not fit into user-data, so restart and replace have parameters too.
    const large: PortGatewayProps = {
      ...props,
      onChange,
      engine: 'nginx',
      forwards: {
        web: Forward.http({ listen: 80, to: 8080, headers: { 'X-Frame-Options': 'DENY' } }),
        game: Forward.udp({ listen: 27015, to: '10.0.1.20:27015', engine: 'iptables' }),
      },
    };
    for (const id of ['Game', 'Web', 'Web server', 'Webserver']) new PortGateway(stack, id, large);
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::EC2::Instance', 4);
    const names = namesIn(template);
    expect(names.length).toBeGreaterThan(4);
    expect(new Set(names).size).toBe(names.length);
    const hosts = resources(template, 'AWS::EC2::Instance').map(({ Properties }) =>
      (Properties.Tags as { Key: string; Value: string }[]).find(({ Key }) => Key === 'Name'),
    );
    expect(hosts.map((tag) => tag?.Value)).toEqual([
      ...['Team.Game', 'Team.Web'],
      ...[expect.stringMatching(/^Team\.Webserver-[0-9a-f]{8}$/), 'Team.Webserver'],
    ]);
  });

  test('without a bucket they are counted together', () => {
    const one = () => new Stack(new App(), 'Team', { synthesizer: new LegacyStackSynthesizer() as never });
    expect(() => new PortGateway(one(), 'Game', props)).not.toThrow();
    const stack = one();
    new PortGateway(stack, 'Game', props);
    expect(() => new PortGateway(stack, 'Web', props)).toThrow(
      /content must be at most 0 bytes .* or give each gateway a stack of its own\. .* about \d+ for its other resources, with 3\d{4} for the content of its other gateways, programs 3\d{4}/,
    );
  });

  test('each writes its own rules and plan', () => {
    const { app, stack } = team();
    new PortGateway(stack, 'Game', props);
    new PortGateway(stack, 'Web', { ...props, forwards: { other: Forward.tcp({ listen: 81, to: 8080 }) } });
    const { directory } = app.synth();
    expect(readdirSync(directory).filter((file) => /\.(rules\.txt|plan\.json)$/.test(file))).toEqual([
      ...['Team.Game.plan.json', 'Team.Game.rules.txt', 'Team.Web.plan.json', 'Team.Web.rules.txt'],
    ]);
    expect(readFileSync(join(directory, 'Team.Web.rules.txt'), 'utf8')).toContain('--dport 81 ');
  });

  test("a second one beside a PortwayStack's own leaves the first as it is", () => {
    const one = new PortwayStack(new App(), 'Team', props);
    const alone = Template.fromStack(one).toJSON();
    const two = new PortwayStack(new App(), 'Team', props);
    new PortGateway(two, 'Second', { ...props, vpc: two.network.vpc });
    const template = Template.fromStack(two);
    expect(template.toJSON().Resources).toMatchObject(alone.Resources);
    const names = namesIn(template);
    expect(new Set(names).size).toBe(names.length);
  });

  test('a live gateway may read its own parameters only', () => {
    const stack = new Stack(new App(), 'Team');
    new PortGateway(stack, 'Game', props);
    const template = Template.fromStack(stack);
    const arn = JSON.stringify(resources(template, 'AWS::IAM::Policy')[0]?.Properties);
    expect(arn).toContain(':parameter/portway/Team.Game/*');
    const names = resources(template, 'AWS::SSM::Parameter').map(({ Properties }) => Properties.Name);
    expect(names.length).toBeGreaterThan(2);
    for (const name of names) expect(JSON.stringify(name)).toContain('/portway/Team.Game/');
    // The host reports to its stack, not to a name of its own.
    const pointer = resources(template, 'AWS::SSM::Parameter').find(({ Properties }) =>
      `${Properties.Name}`.endsWith('/now'),
    );
    expect(JSON.stringify(pointer?.Properties.Value)).toContain(String.raw`\"stack\":\"Team\"`);
  });
});

describe('in the tree of an app', () => {
  test('in a stage, with its own synthesizer, and without account and region', () => {
    const app = new App();
    const stage = new Stage(app, 'Prod');
    const stack = new Stack(stage, 'Team', { synthesizer: new CliCredentialsStackSynthesizer() as IStackSynthesizer });
    new PortGateway(stack, 'Gateway', props);
    const assembly = app.synth().getNestedAssembly('assembly-Prod');
    expect(assembly.stacks.map(({ stackName }) => stackName)).toEqual(['Prod-Team']);
    expect(readdirSync(assembly.directory)).toContain(`${stack.artifactId}.Gateway.plan.json`);
  });

  test('not in a nested stack, whose name AWS makes up', () => {
    const nested = new NestedStack(new Stack(new App(), 'Team'), 'Nested');
    expect(() => new PortGateway(nested, 'Gateway', { ...props, adminCidr: '0.0.0.0/0' })).toThrow(
      /^2 problems:\n {2}- a PortGateway must not be in a NestedStack: .*, got: Team\/Nested\/Gateway\n {2}- adminCidr /,
    );
  });

  test('an aspect, tags and a permissions boundary reach it', () => {
    const { app, stack, vpc } = team();
    new PortGateway(stack, 'Gateway', { ...props, vpc });
    const tenancy: IAspect = {
      visit(node: IConstruct) {
        if (node instanceof ec2.CfnInstance) node.tenancy = 'dedicated';
      },
    };
    Aspects.of(app).add(tenancy);
    Tags.of(app).add('cost', 'edge');
    iam.PermissionsBoundary.of(app).apply(iam.ManagedPolicy.fromManagedPolicyName(stack, 'Boundary', 'boundary'));
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::EC2::Instance', {
      Tenancy: 'dedicated',
      Tags: Match.arrayWith([{ Key: 'cost', Value: 'edge' }]),
    });
    template.hasResourceProperties('AWS::IAM::Role', { PermissionsBoundary: Match.anyValue() });
    const plain = team();
    new PortGateway(plain.stack, 'Gateway', { ...props, vpc: plain.vpc });
    // The aspect replaces the host, so that has to prove itself anew.
    const conditions = [template, Template.fromStack(plain.stack)].map((one) =>
      Object.keys(one.findResources('AWS::CloudFormation::WaitCondition')),
    );
    expect(conditions[0]).not.toEqual(conditions[1]);
  });
});

test('all problems of its props come at once, and props of a stack are unknown', () => {
  const wrong = { ...props, adminCidr: '0.0.0.0/0', forwards: {}, description: 'x' } as PortGatewayProps;
  const make = () => new PortGateway(new Stack(new App(), 'Team'), 'Gateway', wrong);
  expect(make).toThrow(/^3 problems:\n/);
  expect(make).toThrow(/description is unknown/);
});
