import { EC2Client } from '@aws-sdk/client-ec2';
import type { Endpoint } from './endpoint';
import { REGION } from './settings';

/** An EC2 client that can only talk to the endpoint, whatever the user's environment says. */
export function ec2Client(endpoint: Endpoint): EC2Client {
  return new EC2Client({
    endpoint: endpoint.url,
    region: REGION,
    credentials: {
      accessKeyId: endpoint.env.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: endpoint.env.AWS_SECRET_ACCESS_KEY ?? '',
    },
    maxAttempts: 3,
  });
}
