import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { EC2Client } from '@aws-sdk/client-ec2';
import { SSMClient } from '@aws-sdk/client-ssm';

/** What a command asks AWS with. A client connects only when it is used. */
export interface Clients {
  readonly formation: CloudFormationClient;
  readonly ec2: EC2Client;
  readonly ssm: SSMClient;
}

/**
 * Calls a function with clients that have the AWS settings of the environment, and ends their connections after it.
 *
 * @param region the stack's. Undefined: that of the settings
 * @throws Error if neither the AWS settings nor the stack name a region
 */
export async function withClients<T>(region: string | undefined, use: (clients: Clients) => Promise<T>): Promise<T> {
  // Silence the SDK's Node-version warning.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const settings = region === undefined ? {} : { region };
  const clients = {
    formation: new CloudFormationClient(settings),
    ec2: new EC2Client(settings),
    ssm: new SSMClient(settings),
  };
  try {
    await clients.ec2.config.region().catch(() => {
      throw new Error('the region must be set: in AWS_REGION, in the AWS profile, or in env of the stack');
    });
    return await use(clients);
  } finally {
    for (const client of Object.values(clients)) client.destroy();
  }
}
