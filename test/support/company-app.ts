import {
  type App,
  aws_ec2 as ec2,
  aws_ecs as ecs,
  aws_iam as iam,
  aws_rds as rds,
  aws_route53 as route53,
  Stack,
  aws_servicediscovery as servicediscovery,
  Tags,
} from 'aws-cdk-lib';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { PortGateway } from '../../lib/port-gateway';

const ADMIN = { adminCidr: '203.0.113.7/32', keyPairName: 'operators' } as const;

/**
 * An app as a company may have it: network, database and service in one stack, two gateways in another, tags and a
 * permissions boundary on all of it.
 *
 * @returns the stack with the gateways, and the other one
 */
export function companyApp(app: App): { readonly edge: Stack; readonly data: Stack } {
  const data = new Stack(app, 'Data');
  const zones = [0, 1].map((index) => data.availabilityZones[index] as string);
  const vpc = new ec2.Vpc(data, 'Vpc', {
    availabilityZones: zones,
    natGateways: 1,
    restrictDefaultSecurityGroup: false,
  });
  const database = new rds.DatabaseInstance(data, 'Database', {
    engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_17_6 }),
    vpc: vpc as ec2.IVpc,
    vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS },
    // cfn-lint looks at every region, and they differ in what else they have.
    instanceType: ec2.InstanceType.of(ec2.InstanceClass.M6G, ec2.InstanceSize.LARGE),
  });
  const inside = new route53.PrivateHostedZone(data, 'Inside', { zoneName: 'db.internal', vpc: vpc as ec2.IVpc });
  new route53.CnameRecord(data, 'DatabaseName', {
    ...{ zone: inside, recordName: 'orders', domainName: database.dbInstanceEndpointAddress },
  });

  const cluster = new ecs.Cluster(data, 'Cluster', { vpc: vpc as ec2.IVpc });
  const taskDefinition = new ecs.FargateTaskDefinition(data, 'Task');
  taskDefinition.addContainer('web', {
    image: ecs.ContainerImage.fromRegistry('public.ecr.aws/nginx/nginx:1.29'),
    portMappings: [{ containerPort: 8080 }],
  });
  const service = new ecs.FargateService(data, 'Service', {
    cluster: cluster as ecs.ICluster,
    ...{ taskDefinition, minHealthyPercent: 100, desiredCount: 2, circuitBreaker: { rollback: true } },
    cloudMapOptions: {
      name: 'web',
      cloudMapNamespace: new servicediscovery.PrivateDnsNamespace(data, 'Names', {
        ...{ name: 'svc.internal', vpc: vpc as ec2.IVpc },
      }),
      dnsRecordType: servicediscovery.DnsRecordType.A,
    },
  });

  const edge = new Stack(app, 'Edge');
  const zone = route53.HostedZone.fromHostedZoneAttributes(edge, 'Zone', {
    ...{ hostedZoneId: 'Z0123456789ABCDEFGHIJ', zoneName: 'example.com' },
  });
  const web = new PortGateway(edge, 'Web', {
    ...ADMIN,
    vpc,
    dns: { zone, names: ['shop.example.com'] },
    forwards: {
      web: Forward.http({ listen: 80, redirectTo: 'https' }),
      secure: Forward.https({ listen: 443, to: 'web.svc.internal:8080', tls: Tls.selfSigned(), hsts: true }),
    },
  });
  const office = new PortGateway(edge, 'Office', {
    ...ADMIN,
    vpc,
    forwards: {
      orders: Forward.tcp({ listen: 5432, to: 'orders.db.internal:5432', allowFrom: ['198.51.100.0/24'] }),
    },
  });
  service.connections.allowFrom(web, ec2.Port.tcp(8080), 'the shop');
  database.connections.allowDefaultPortFrom(office, 'the office');

  Tags.of(app).add('cost-center', 'edge');
  const boundary = iam.ManagedPolicy.fromManagedPolicyName(edge, 'Boundary', 'company-boundary');
  iam.PermissionsBoundary.of(edge).apply(boundary);
  iam.PermissionsBoundary.of(data).apply(iam.ManagedPolicy.fromManagedPolicyName(data, 'Boundary', 'company-boundary'));
  return { edge, data };
}
