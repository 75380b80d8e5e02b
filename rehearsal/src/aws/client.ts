import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { EC2Client } from '@aws-sdk/client-ec2';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { Endpoint } from './endpoint';
import { REGION } from './settings';

/** An EC2 client that can only talk to the endpoint, whatever the user's environment says. */
export function ec2Client(endpoint: Endpoint): EC2Client {
  return new EC2Client(settings(endpoint));
}

/** The same for CloudWatch. */
export function cloudWatchClient(endpoint: Endpoint): CloudWatchClient {
  return new CloudWatchClient(settings(endpoint));
}

/** The same for Parameter Store. */
export function ssmClient(endpoint: Endpoint): SSMClient {
  return new SSMClient(settings(endpoint));
}

/** The same for CloudFormation. */
export function formationClient(endpoint: Endpoint): CloudFormationClient {
  return new CloudFormationClient(settings(endpoint));
}

function settings(endpoint: Endpoint) {
  // Silence the SDK's Node-version warning, which would interrupt the rehearsal's progress output.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  return {
    endpoint: endpoint.url,
    region: REGION,
    credentials: {
      accessKeyId: endpoint.env.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: endpoint.env.AWS_SECRET_ACCESS_KEY ?? '',
    },
    maxAttempts: 3,
  };
}
