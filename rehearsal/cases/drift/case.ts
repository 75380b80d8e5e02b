import {
  AuthorizeSecurityGroupIngressCommand,
  type IpPermission,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import { ec2Client } from '../../src/aws/client';
import type { RehearsalCase, Stage } from '../../src/case';
import { LIVE } from '../live-contents';
import { verify } from '../verify-command';

/** A rule that somebody opens by hand in a hurry. */
const OPENED: IpPermission = { IpProtocol: 'tcp', FromPort: 8080, ToPort: 8080, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };

async function asPromised(stage: Stage, when: string): Promise<void> {
  const { code, text } = await verify(stage);
  stage.checks.expect(stage.phase, `${when}, \`portway verify\` finds all as promised`, code === 0, `${code}: ${text}`);
}

const drift: RehearsalCase = {
  about: 'somebody opens a port in the security group by hand: `portway verify` names it, until it is closed again',
  versions: LIVE,
  steps: [
    {
      title: 'open a port by hand, look, and close it',
      run: async (stage) => {
        const { checks, phase } = stage;
        // Nothing changes, and the assembly is the deployed one, whatever another case tried before.
        const { ok, lines } = await stage.deploy('first');
        checks.expect(phase, 'a deploy of what is there goes well', ok, lines.join('\n'));
        await asPromised(stage, 'as deployed');
        const { securityGroups, instanceId } = await stage.gateway();
        const GroupId = securityGroups[0]?.id ?? '';
        const client = ec2Client(stage.endpoint);
        try {
          await client.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [OPENED] }));
          await stage.instances.settled();
          const ports = await stage.lab.probe.tcpPorts('stranger', stage.address, [8080]);
          checks.expect(
            phase,
            'the stranger reaches what was opened',
            ports.get(8080) === 'open',
            `${ports.get(8080)}`,
          );
          const { code, text } = await verify(stage);
          const line = text.split('\n').find((one) => one.includes('tcp 8080') && one.includes('0.0.0.0/0'));
          const what = '`portway verify` names the rule that was not promised';
          if (code === 1 && line !== undefined) checks.passed(phase, what, line);
          else checks.failed(phase, what, `${code}: ${text}`);
          await client.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions: [OPENED] }));
        } finally {
          client.destroy();
        }
        await stage.instances.settled();
        const closed = await stage.lab.probe.tcpPorts('stranger', stage.address, [8080]);
        checks.expect(phase, 'closed again, nobody reaches it', closed.get(8080) === 'filtered', `${closed.get(8080)}`);
        await asPromised(stage, 'closed again');
        checks.expect(phase, 'all this on the same host', (await stage.gateway()).instanceId === instanceId, 'another');
      },
    },
  ],
};

export default drift;
