import {
  DescribeAvailabilityZonesCommand,
  DescribeImagesCommand,
  DescribeInstanceTypeOfferingsCommand,
  DescribeInstanceTypesCommand,
  DescribeKeyPairsCommand,
  DescribeSubnetsCommand,
} from '@aws-sdk/client-ec2';
import { GetParametersCommand } from '@aws-sdk/client-ssm';
import { reference } from '../../plan/change/template';
import { type Finding, trouble, warning, well } from './finding';
import type { Preflight } from './stack';

/** Whether the region has the instance type, the image and the key that the host needs. */
export async function machine(preflight: Preflight): Promise<readonly Finding[]> {
  const image = await imageOf(preflight);
  return [
    ...(await offered(preflight)),
    ...image.findings,
    ...(image.id === undefined ? [] : await fits(preflight, image.id)),
    ...(await key(preflight)),
  ];
}

async function offered(preflight: Preflight): Promise<readonly Finding[]> {
  const types = typesOf(preflight);
  if (types.length === 0) return [];
  const found = new Map<string, readonly string[]>();
  for (const type of types) found.set(type, await zonesWith(preflight, type));
  const { SubnetId: placed } = preflight.instance.Properties ?? {};
  const subnets: readonly unknown[] = Array.isArray(placed) ? placed : [placed];
  const zones = await Promise.all(subnets.map((one) => zoneOf(preflight, one)));
  return zones.map((zone) =>
    zone === undefined
      ? warning(`the zone of ${types.join(', ')} is known only at deploy time, so it was not looked up`)
      : offeredIn(zone, types, found),
  );
}

/** What a zone has of the types, the preferred one first. */
function offeredIn(zone: string, types: readonly string[], found: ReadonlyMap<string, readonly string[]>): Finding {
  const there = types.filter((type) => found.get(type)?.includes(zone));
  const missing = types.filter((type) => !there.includes(type));
  if (missing.length === 0) return well(`${there.join(', ')} ${there.length === 1 ? 'is' : 'are'} offered in ${zone}`);
  if (there.length > 0)
    return warning(`${missing.join(', ')} is not offered in ${zone}: hosts there are ${there.join(' or ')}`);
  const [type = ''] = types;
  const others = found.get(type)?.join(', ') ?? '';
  return trouble(
    `${types.join(' or ')} must be offered in ${zone}, and is ${others === '' ? 'in no zone of this region' : `in ${others}`}: choose another instanceType or subnet`,
  );
}

async function zonesWith({ ec2 }: Preflight, type: string): Promise<readonly string[]> {
  const { InstanceTypeOfferings = [] } = await ec2.send(
    new DescribeInstanceTypeOfferingsCommand({
      LocationType: 'availability-zone',
      Filters: [{ Name: 'instance-type', Values: [type] }],
    }),
  );
  return InstanceTypeOfferings.map(({ Location = '' }) => Location).sort();
}

/** The types that the host may have, the preferred one first. Empty: known only at deploy time. */
function typesOf({ instance }: Preflight): readonly string[] {
  const type = instance.Properties?.InstanceType;
  return typeof type === 'string' ? type.split(', ') : [];
}

/** The zone of a host's subnet. Undefined: known only at deploy time. */
async function zoneOf({ ec2, template }: Preflight, subnet: unknown): Promise<string | undefined> {
  if (typeof subnet === 'string') {
    const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({ SubnetIds: [subnet] }));
    return Subnets[0]?.AvailabilityZone;
  }
  const zone = template.Resources[reference(subnet) ?? '']?.Properties?.AvailabilityZone;
  if (typeof zone === 'string') return zone;
  const [index, zones] =
    (zone as { readonly 'Fn::Select'?: readonly [number, object] } | undefined)?.['Fn::Select'] ?? [];
  if (index === undefined || zones === undefined || !('Fn::GetAZs' in zones)) return undefined;
  const { AvailabilityZones = [] } = await ec2.send(new DescribeAvailabilityZonesCommand({}));
  const names = AvailabilityZones.filter(({ State }) => State === 'available').map(({ ZoneName = '' }) => ZoneName);
  return names.sort()[index];
}

/** The image, which is named by a parameter of its distribution or by its id. */
async function imageOf({ ssm, instance }: Preflight): Promise<{ readonly id?: string; readonly findings: Finding[] }> {
  const text = instance.Properties?.ImageId;
  if (typeof text !== 'string') return { findings: [] };
  const [, name] = /^(?:\{\{)?resolve:ssm:([^:}]+)/.exec(text) ?? [];
  if (name === undefined) return { id: text, findings: [] };
  const { Parameters: [parameter] = [] } = await ssm.send(new GetParametersCommand({ Names: [name] }));
  if (parameter?.Value === undefined)
    return { findings: [trouble(`the parameter ${name} must be in this region, which names the image, and is not`)] };
  // EC2 looks at a value of this type when it is written, so it names an image.
  const isImage = parameter.DataType === 'aws:ec2:image';
  const said = `${name} names ${parameter.Value}`;
  return {
    id: parameter.Value,
    findings: [isImage ? well(said) : warning(`${said}, but its data type is ${parameter.DataType ?? 'not told'}`)],
  };
}

/** Whether the image runs on the instance type's processor. */
async function fits(preflight: Preflight, id: string): Promise<readonly Finding[]> {
  const [type] = typesOf(preflight);
  const { ec2 } = preflight;
  const [image] = (await ec2.send(new DescribeImagesCommand({ ImageIds: [id] }))).Images ?? [];
  if (image === undefined) return [trouble(`the image ${id} must be there for this account, and is not`)];
  if (type === undefined) return [];
  const command = new DescribeInstanceTypesCommand({ InstanceTypes: [type as never] });
  const processor = (await ec2.send(command)).InstanceTypes?.[0]?.ProcessorInfo?.SupportedArchitectures ?? [];
  const { Architecture = '' } = image;
  return processor.includes(Architecture as never)
    ? [well(`${id} is for ${Architecture}, as is ${type}`)]
    : [trouble(`${id} must be for ${processor.join(' or ')}, as ${type} is, got: ${Architecture}`)];
}

/** A key pair that the stack does not make must be there. */
async function key({ ec2, instance }: Preflight): Promise<readonly Finding[]> {
  const name = instance.Properties?.KeyName;
  if (typeof name !== 'string') return [];
  // A filter, since a name that is not there is an error.
  const command = new DescribeKeyPairsCommand({ Filters: [{ Name: 'key-name', Values: [name] }] });
  const { KeyPairs = [] } = await ec2.send(command);
  return [
    KeyPairs.length > 0
      ? well(`the key pair ${name} is there`)
      : trouble(`the key pair ${name} must be in this region, and is not: import it, or give sshPublicKey`),
  ];
}
