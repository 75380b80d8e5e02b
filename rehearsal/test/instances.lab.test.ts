import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AuthorizeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2';
import { App, LegacyStackSynthesizer } from 'aws-cdk-lib';
import { Forward } from '../../lib/forward/forward';
import { PortwayStack } from '../../lib/portway-stack';
import { PUBLIC_KEY } from '../../test/snapshots/canonical';
import { featureFlags } from '../../test/snapshots/synthesize';
import { cdk } from '../src/aws/cdk';
import { ec2Client } from '../src/aws/client';
import { type Deployed, readDeployed } from '../src/aws/deployed';
import { type StartedEndpoint, startEndpoint } from '../src/aws/endpoint';
import { Cleanup } from '../src/cleanup';
import { Instances } from '../src/instances';
import type { Lab, LabInstance } from '../src/lab';
import { report } from './support/report';

/**
 * Follows the EC2 API of a real endpoint through a stack's life, deployed by the real CLI. Machines and network only
 * take notes here; the rehearsal's cases use real ones.
 */
jest.setTimeout(180_000);

let folder: string;
let endpoint: StartedEndpoint;
let cleanup: Cleanup;
let notes: string[];
/** How long a machine takes to shut down, in seconds. */
let slow: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portway-follow-'));
  endpoint = await startEndpoint({ folder });
  cleanup = new Cleanup();
  notes = [];
  slow = 0;
});

afterEach(async () => {
  expect(await cleanup.run()).toEqual([]);
  await endpoint.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The port that each content forwards to. */
const ports = new Map<string, number>();
const portOf = (userData: Uint8Array) =>
  ports.get(/\/now ([0-9a-f]{64})'$/m.exec(userData.toString())?.[1] ?? 'no content in the user-data');
const short = (instanceId: string) => (instanceId === ids[0] ? 'first' : 'second');
let ids: string[] = [];

function lab(): Lab {
  const note = (text: string) => async () => void notes.push(text);
  return {
    async launch({ instanceId, userData, rules }: LabInstance) {
      ids.push(instanceId);
      const name = short(instanceId);
      notes.push(`${name} launched to ${portOf(userData)} with ${rules.ingress.length} rules`);
      const vm = {
        alive: false,
        start: async () => {
          vm.alive = true;
          notes.push(`${name} on`);
        },
        powerOff: async () => {
          await sleep(slow * 1000);
          vm.alive = false;
          notes.push(`${name} off`);
          return true;
        },
        hardOff: note(`${name} cut`),
      };
      return vm;
    },
    terminate: async (id: string) => void notes.push(`${short(id)} forgotten`),
    setUserData: async (id: string, data: Uint8Array) => void notes.push(`${short(id)} to ${portOf(data)}`),
    setSecurityRules: async (id: string, rules: LabInstance['rules']) =>
      void notes.push(`${short(id)} has ${rules.ingress.length} rules`),
    associateAddress: async (id: string) => void notes.push(`address to ${short(id)}`),
    disassociateAddress: note('address to nobody'),
  } as never;
}

function synth(to: number, onChange: 'restart' | 'replace'): string {
  const outdir = join(folder, `app-${to}`);
  const app = new App({ outdir, context: { ...featureFlags(), '@aws-cdk/core:target-partitions': ['aws'] } });
  const stack = new PortwayStack(app, 'Portway', {
    ...{ adminCidr: '203.0.113.7/32', sshPublicKey: PUBLIC_KEY, engine: 'iptables', onChange },
    forwards: { web: Forward.tcp({ listen: 80, to }) },
    synthesizer: new LegacyStackSynthesizer() as never,
  });
  ports.set(stack.gateway.userData.content, to);
  app.synth();
  return outdir;
}

function run(args: string[], assembly: string) {
  return cdk(args, { endpoint, folder, log: join(folder, 'cdk.log'), app: assembly });
}

async function deploy(
  assembly: string,
  after?: Deployed,
  status: 'SUCCESS' | 'FAILURE' = 'SUCCESS',
): Promise<Deployed> {
  const deploying = run(['deploy', 'Portway', '--require-approval', 'never'], assembly);
  await report(endpoint, await readDeployed(endpoint, 'Portway', after === undefined ? {} : { after }), status);
  await deploying.finished.catch((error: unknown) => {
    if (status === 'SUCCESS') throw error;
  });
  return readDeployed(endpoint, 'Portway');
}

function follow(): Instances {
  ids = [];
  return Instances.follow({ endpoint, stack: 'Portway', lab: lab(), cleanup, interval: 100 });
}

test('restart: the same machine, off and on with its new user-data; a failure brings it back; destroy ends it', async () => {
  const instances = follow();
  const first = await deploy(synth(8080, 'restart'));
  await instances.settled();
  expect(notes.splice(0)).toEqual(['first launched to 8080 with 2 rules', 'first on', 'address to first']);

  // It is off for longer than the deploy takes, and later changes are not lost.
  slow = 2;
  const second = await deploy(synth(9090, 'restart'), first);
  await instances.settled();
  expect(notes.splice(0)).toEqual(['first off', 'first to 9090', 'first on']);

  slow = 0;
  await deploy(synth(9091, 'restart'), second, 'FAILURE');
  await instances.settled();
  expect(notes.at(-2)).toBe('first to 9090');
  expect(notes.splice(0).filter((n) => n === 'first off').length).toBeGreaterThan(0);

  await run(['destroy', 'Portway', '--force'], synth(9092, 'restart')).finished;
  await instances.settled();
  expect(notes).toEqual(expect.arrayContaining(['first cut', 'first forgotten']));
  expect(() => instances.vm()).toThrow('the lab has no instance yet');
  expect(instances.events.map(({ what }) => what)).toEqual(
    expect.arrayContaining(['launched', 'address', 'stopped', 'started', 'terminated']),
  );
});

test('replace: two machines for a while, then the address moves, then the first one goes', async () => {
  const instances = follow();
  const first = await deploy(synth(8080, 'replace'));
  await instances.settled();
  notes.splice(0);
  await deploy(synth(9090, 'replace'), first);
  await instances.settled();
  expect(notes).toEqual([
    'second launched to 9090 with 2 rules',
    'second on',
    'address to second',
    'first cut',
    'first forgotten',
  ]);
  expect(instances.ids).toHaveLength(2);
  expect(instances.vm()).toBe(instances.vm(instances.ids[1]));
});

test('a rule that somebody adds by hand reaches the lab', async () => {
  const instances = follow();
  const { securityGroups } = await deploy(synth(8080, 'restart'));
  await instances.settled();
  const client = ec2Client(endpoint);
  const everyone = { IpProtocol: 'tcp', FromPort: 23, ToPort: 23, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
  await client.send(
    new AuthorizeSecurityGroupIngressCommand({ GroupId: securityGroups[0]?.id ?? '', IpPermissions: [everyone] }),
  );
  client.destroy();
  await instances.settled();
  expect(notes.at(-1)).toBe('first has 3 rules');
});

test('an endpoint that has gone is told, and by everything that waits', async () => {
  const ended = new Cleanup();
  const instances = Instances.follow({ endpoint, stack: 'Portway', lab: lab(), cleanup: ended, interval: 100 });
  await instances.settled();
  await endpoint.stop();
  const why = 'the lab cannot follow the instances of Portway: ';
  await expect(instances.failed).rejects.toThrow(why);
  await expect(instances.settled()).rejects.toThrow(why);
  expect(() => instances.vm()).toThrow(why);
  expect(await ended.run()).toEqual([expect.stringContaining(why)]);
});
