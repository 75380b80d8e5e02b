import { type EC2Client, GetConsoleOutputCommand } from '@aws-sdk/client-ec2';

/** The text of an instance's console. Empty: EC2 has none. */
export async function consoleOf(client: EC2Client, InstanceId: string): Promise<string> {
  // Only types on Nitro have the latest text; others have that of the last boot.
  const answer = await client
    .send(new GetConsoleOutputCommand({ InstanceId, Latest: true }))
    .catch(() => client.send(new GetConsoleOutputCommand({ InstanceId })))
    .catch((error: Error) => {
      if (/InvalidInstanceID/.test(error.name)) return { Output: '' };
      throw error;
    });
  return Buffer.from(answer.Output ?? '', 'base64').toString();
}
