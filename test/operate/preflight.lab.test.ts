import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AllocateAddressCommand, type EC2Client, RegisterImageCommand } from '@aws-sdk/client-ec2';
import { PutParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { App } from 'aws-cdk-lib';
import spawn, { type SubprocessError } from 'nano-spawn';
import { Forward } from '../../lib/forward/forward';
import { PortwayFleet } from '../../lib/portway-fleet';
import type { PortwayFleetProps } from '../../lib/portway-fleet-props';
import { PortwayStack } from '../../lib/portway-stack';
import type { PortwayStackProps } from '../../lib/portway-stack-props';
import { BOOTSTRAP, cdk } from '../../rehearsal/src/aws/cdk';
import { ec2Client, ssmClient } from '../../rehearsal/src/aws/client';
import { type StartedEndpoint, startEndpoint } from '../../rehearsal/src/aws/endpoint';
import { PUBLIC_KEY } from '../snapshots/canonical';
import { featureFlags } from '../snapshots/synthesize';
import { SMALL } from '../support/fleet';
import { schemaErrors } from '../support/json-schema';

/*
 * The real command against the local endpoint, before anything is deployed.
 */
jest.setTimeout(120_000);

let folder: string;
let endpoint: StartedEndpoint;
let client: EC2Client;
let store: SSMClient;
let assemblies = 0;
let images = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portway-preflight-'));
  endpoint = await startEndpoint({ folder });
  [client, store] = [ec2Client(endpoint), ssmClient(endpoint)];
});

afterAll(async () => {
  client?.destroy();
  store?.destroy();
  await endpoint?.stop();
  await rm(folder, { recursive: true, force: true });
});

const DEBIAN = '/aws/service/debian/release/13/latest/arm64';
/** Only AWS may write Debian's own. */
const IMAGE = '/team/debian';

/** @param image the parameter that names the image. Default: Debian's own */
function synth(props: Partial<PortwayStackProps> = {}, image?: string): string {
  const outdir = join(folder, `app-${assemblies++}`);
  const app = new App({ outdir, context: { ...featureFlags(), '@aws-cdk/core:target-partitions': ['aws'] } });
  new PortwayStack(app, 'Portway', {
    ...{ adminCidr: '203.0.113.7/32', sshPublicKey: PUBLIC_KEY, engine: 'iptables' },
    forwards: { web: Forward.tcp({ listen: 80, to: 8080 }) },
    ...props,
  });
  app.synth();
  if (image !== undefined) {
    const file = join(outdir, 'Portway.template.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace(DEBIAN, image));
  }
  return outdir;
}

function synthFleet(props: Partial<PortwayFleetProps>): string {
  const outdir = join(folder, `app-${assemblies++}`);
  const app = new App({ outdir, context: { ...featureFlags(), '@aws-cdk/core:target-partitions': ['aws'] } });
  const { keyPairName: _, ...rest } = SMALL;
  new PortwayFleet(app, 'Fleet', { ...rest, sshPublicKey: PUBLIC_KEY, ...props });
  app.synth();
  return outdir;
}

async function preflight(assembly: string, ...words: string[]): Promise<{ code: number; text: string }> {
  const app = ['--app', `cp -r ${assembly}/. "$CDK_OUTDIR"`];
  const command = ['bin/portway.js', 'preflight', ...app, ...words];
  try {
    return { code: 0, text: (await spawn(process.execPath, command, { env: endpoint.env })).output };
  } catch (error) {
    const { exitCode = -1, output } = error as SubprocessError;
    return { code: exitCode, text: output };
  }
}

const register = async (Architecture: 'arm64' | 'x86_64', DataType = 'aws:ec2:image') => {
  const { ImageId = '' } = await client.send(
    new RegisterImageCommand({ Name: `debian-${Architecture}-${images++}`, Architecture }),
  );
  await store.send(new PutParameterCommand({ Name: IMAGE, Value: ImageId, Type: 'String', DataType, Overwrite: true }));
  return ImageId;
};

test('names all that would make the deploy fail at once', async () => {
  const { code, text } = await preflight(synth());
  expect(code).toBe(1);
  expect(text).toContain('  FAILS this account and region must be bootstrapped, and are not: run cdk bootstrap');
  expect(text).toContain('  FAILS the parameter /aws/service/debian/release/13/latest/arm64 must be in this region');
  expect(text).toMatch(/^ {2}ok {4}1 more to the 0 Elastic IPs of the region, of 5$/m);
  expect(text).toMatch(/^ {2}ok {4}t4g\.micro is offered in [a-z]+-[a-z]+-\da$/m);
});

test('says that an account is ready', async () => {
  const assembly = synth({}, IMAGE);
  await cdk(BOOTSTRAP, { endpoint, folder, log: join(folder, 'bootstrap.log'), app: assembly }).finished;
  const id = await register('arm64');
  const { code, text } = await preflight(assembly);
  expect(text).toMatch(/^ {2}ok {4}the account is bootstrapped, version \d+$/m);
  expect(text).toContain(`  ok    ${IMAGE} names ${id}`);
  expect(text).toContain(`  ok    ${id} is for arm64, as is t4g.micro`);
  expect(text).not.toContain('FAILS');
  expect(code).toBe(0);
  const printed = (await preflight(assembly, '--json')).text;
  expect(schemaErrors('preflight', printed)).toEqual([]);
  const json = JSON.parse(printed);
  expect(json.Portway).toContainEqual({ level: 'well', text: `${id} is for arm64, as is t4g.micro` });
});

test('finds an image of another processor, and a key pair that is not there', async () => {
  const id = await register('x86_64', 'text');
  const { code, text } = await preflight(synth({ sshPublicKey: undefined, keyPairName: 'team' } as never, IMAGE));
  expect(code).toBe(1);
  expect(text).toContain(`  FAILS ${id} must be for arm64, as t4g.micro is, got: x86_64`);
  expect(text).toContain(`names ${id}, but its data type is text`);
  expect(text).toContain(
    '  FAILS the key pair team must be in this region, and is not: import it, or give sshPublicKey',
  );
});

test('asks for each type of a fleet in each zone', async () => {
  const imageId = await register('arm64');
  const capacity = { min: 3, max: 6, zones: 3 };
  const alone = await preflight(synthFleet({ capacity, ami: { id: imageId, rootDevice: '/dev/xvda' } }));
  expect(alone.code).toBe(1);
  expect(alone.text).toMatch(/^ {2}ok {4}t4g\.micro is offered in \S+a$/m);
  expect(alone.text).toMatch(/^ {2}FAILS t4g\.micro must be offered in \S+c, and is in \S+a, \S+b: /m);
  const several = await preflight(
    synthFleet({
      ...{ instanceType: 'm7g.large', ami: { id: imageId, rootDevice: '/dev/xvda' } },
      capacity: { ...capacity, fallbackTypes: ['m6g.large'] },
    }),
  );
  expect(several.text).toMatch(/^ {2}ok {4}m7g\.large, m6g\.large are offered in \S+b$/m);
  expect(several.text).toMatch(/^ {2}LOOK {2}m7g\.large is not offered in \S+c: hosts there are m6g\.large$/m);
  expect(several.text).toContain(`  ok    ${imageId} is for arm64, as is m7g.large`);
  expect(several.text).not.toContain('FAILS');
  expect(several.code).toBe(0);
});

test('finds that the region has no address left', async () => {
  for (let more = 0; more < 5; more++) await client.send(new AllocateAddressCommand({ Domain: 'vpc' }));
  expect((await preflight(synth())).text).toContain(
    '  FAILS 1 more to the 5 Elastic IPs of the region, of 5: raise the quota "EC2-VPC Elastic IPs", or release one, or give an address by eip',
  );
});
