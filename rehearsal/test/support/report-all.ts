import { setTimeout as sleep } from 'node:timers/promises';
import { allInstances, describeInstance, ofStack } from '../../../lib/operate/instance';
import { ec2Client } from '../../src/aws/client';
import type { StartedEndpoint } from '../../src/aws/endpoint';
import { proveContents } from './prove-contents';
import { report } from './report';

/**
 * Reports in the place of each gateway of a stack that waits for it, until the deploy is over: its boot, and its content.
 *
 * @param template file with the stack's template
 * @returns ids of the instances that it reported for
 */
export async function reportAll(
  endpoint: StartedEndpoint,
  stackName: string,
  template: string,
  deploying: Promise<unknown>,
): Promise<ReadonlySet<string>> {
  const client = ec2Client(endpoint);
  const reported = new Set<string>();
  let isOver = false;
  const over = deploying.finally(() => {
    isOver = true;
  });
  try {
    while (!isOver) {
      for (const instance of await allInstances(client)) {
        if (!ofStack(instance, stackName) || reported.has(`${instance.InstanceId}`)) continue;
        const described = await describeInstance(client, instance);
        if (!described.userData.includes('PORTWAY_SIGNAL_URL')) continue;
        const status = await report(endpoint, described, 'SUCCESS').catch(() => undefined);
        if (status === 200) reported.add(described.instanceId);
      }
      await proveContents(endpoint, stackName, template);
      await Promise.race([sleep(200), over.catch(() => undefined)]);
    }
    await over;
    return reported;
  } finally {
    client.destroy();
  }
}
