import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetParameterCommand, GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import spawn, { type SubprocessError } from 'nano-spawn';
import { cdk } from '../../src/aws/cdk';
import { readDeployed } from '../../src/aws/deployed';
import { endpointPython, type StartedEndpoint, startEndpoint } from '../../src/aws/endpoint';
import { REGION } from '../../src/aws/settings';
import { roleKeys } from '../../src/services/instance';
import { PART, synthLive } from './live-stack';

/* What a host may ask of AWS: signed with the keys of its role, and no more than the role allows. */
jest.setTimeout(120_000);

let folder: string;
let endpoint: StartedEndpoint;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portway-rights-'));
  endpoint = await startEndpoint({ folder });
});

afterAll(async () => {
  await endpoint?.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Keys {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
}

/** Parameter Store as the instance reaches it, or one that is `later` by so many minutes. */
function store({ AccessKeyId, SecretAccessKey }: Keys, later = 0): SSMClient {
  const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: 'rehearsal' };
  return new SSMClient({
    ...{ endpoint: endpoint.url, region: REGION, credentials, maxAttempts: 1 },
    systemClockOffset: later * 60_000,
  });
}

const read = (client: SSMClient, ...Names: string[]) => client.send(new GetParametersCommand({ Names }));

/** SignalResource by AWS's own library. @throws Error with its words */
async function signal({ AccessKeyId, SecretAccessKey }: Keys, stack: string, resource: string): Promise<void> {
  const program = `
import sys
from botocore.session import Session
keys = dict(aws_access_key_id=sys.argv[1], aws_secret_access_key=sys.argv[2], aws_session_token="rehearsal")
client = Session().create_client("cloudformation", "${REGION}", endpoint_url=sys.argv[3], **keys)
client.signal_resource(StackName=sys.argv[4], LogicalResourceId=sys.argv[5], UniqueId="i-0 ok", Status="SUCCESS")`;
  const { python } = await endpointPython();
  const given = [AccessKeyId, SecretAccessKey, endpoint.url, stack, resource];
  await spawn(python, ['-E', '-s', '-c', program, ...given]).catch((error: SubprocessError) => {
    throw new Error(error.stderr.trim().split('\n').at(-1));
  });
}

test("its own parameters and its own stack's signals, with its own signature, at the present time", async () => {
  synthLive(join(folder, 'app'), { content: 'first' });
  const log = join(folder, 'cdk.log');
  const args = ['deploy', 'Tiny', '--require-approval', 'never'];
  const deploying = cdk(args, { endpoint, folder, log, app: join(folder, 'app') });
  const { instanceId } = await readDeployed(endpoint, 'Tiny');
  const keys = roleKeys(instanceId);
  const client = store(keys);
  // Its policy comes before the instance, its address beside it.
  expect((await read(client, PART)).Parameters?.[0]?.Value).toBe('first');
  await expect(read(client, PART, '/portway/Other/rules.1')).rejects.toThrow(
    /^User: arn:aws:sts::\d+:assumed-role\/Tiny-\S+\/i-\w+ is not authorized to perform: ssm:GetParameters on resource: arn:aws:ssm:us-east-1:\d+:parameter\/portway\/Other\/rules\.1 because no identity-based policy allows/,
  );
  await expect(client.send(new GetParameterCommand({ Name: PART }))).rejects.toThrow('perform: ssm:GetParameter on');
  await expect(read(store({ ...keys, SecretAccessKey: 'guessed' }), PART)).rejects.toThrow('signature we calculated');
  await expect(read(store(keys, -60), PART)).rejects.toThrow('Signature expired');

  await expect(signal(keys, 'Other', 'Livefirst')).rejects.toThrow(
    'AccessDenied) when calling the SignalResource operation: User: arn:aws:sts::',
  );
  await expect(signal({ ...keys, SecretAccessKey: 'guessed' }, 'Tiny', 'Livefirst')).rejects.toThrow(
    'SignatureDoesNot',
  );
  await expect(signal(keys, 'Tiny', 'Liveother')).rejects.toThrow('ValidationError');
  await sleep(500);
  await signal(keys, 'Tiny', 'Livefirst');
  await deploying.finished;
});
