import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AuthorizeSecurityGroupIngressCommand, RevokeSecurityGroupIngressCommand } from '@aws-sdk/client-ec2';
import { ec2Client } from '../../src/aws/client';
import type { CaseStep, RehearsalCase, Stage } from '../../src/case';
import { Cleanup } from '../../src/cleanup';
import { startDaemon } from '../../src/services/daemon';
import { listening } from '../../src/services/listening';
import { PYTHON } from '../../src/services/python';
import { LIVE } from '../live-contents';
import { output } from '../on-host';
import { type Verdict, verify } from '../verify-command';

/** What the host says in the first minute after its proof does not count, since clocks differ. In seconds. */
const MARGIN = 65;
/** Longest time until the host has said what happened, in seconds. */
const LIMIT = 60;

/**
 * Looks with the real command from where strangers are: only there the gateway's address leads to it. The way to the endpoint
 * is laid for the time of the look.
 */
async function look(stage: Stage): Promise<Verdict> {
  const { endpoint, folder, lab } = stage;
  const { namespaces } = lab;
  const { hostname, port } = new URL(endpoint.url);
  if (endpoint.apiSocket === undefined) throw new Error("the case needs the rehearsal's own endpoint");
  const cleanup = new Cleanup();
  const relay = ['--address', hostname, '--port', port, '--socket', endpoint.apiSocket];
  const program = join(__dirname, '../../src/services/relay.py');
  startDaemon('the way to the endpoint', [...namespaces.enter('stranger'), PYTHON, '-IB', program, ...relay], cleanup, {
    log: join(folder, 'verify-relay.log'),
  });
  try {
    await listening(namespaces, 'stranger', [`${hostname}:${port}`], folder);
    return await verify(stage, namespaces.enter('stranger'));
  } finally {
    await cleanup.run();
  }
}

/** Looks until it is told so, since a host says something a moment after it has happened. The last look counts. */
async function lookFor(stage: Stage, isTold: (found: Verdict) => boolean): Promise<Verdict> {
  const end = Date.now() + LIMIT * 1000;
  for (;;) {
    const found = await look(stage);
    if (isTold(found) || Date.now() > end) return found;
    await sleep(2000);
  }
}

/** Records whether the command tells something, with its exit code. */
async function finds(stage: Stage, what: string, line: RegExp, code: 0 | 1 = 1): Promise<void> {
  const lineOf = ({ text }: Verdict) => text.split('\n').find((one) => line.test(one));
  const found = await lookFor(stage, (one) => one.code === code && lineOf(one) !== undefined);
  const told = lineOf(found);
  const title = `${what}: exit code ${code}, and a line says it`;
  if (found.code === code && told !== undefined) stage.checks.passed(stage.phase, title, told);
  else stage.checks.failed(stage.phase, title, `${found.code}: ${found.text}`);
}

async function isWell(stage: Stage, when: string): Promise<void> {
  const well = ({ code, text }: Verdict) =>
    code === 0 && /is as the app says; its host reported so at \S+Z$/m.test(text);
  const found = await lookFor(stage, well);
  stage.checks.expect(stage.phase, `${when}: exit code 0`, well(found), `${found.code}: ${found.text}`);
}

/** A drift, and what undoes it; afterwards all is well. */
function drift(title: string, drift: string, line: RegExp, undo: string): CaseStep {
  return {
    title,
    run: async (stage) => {
      await output(stage, `sudo sh -c '${drift}'`, 120);
      await finds(stage, title, line);
      await output(stage, `sudo sh -c '${undo}'`, 120);
      await isWell(stage, `${title}, and undone`);
    },
  };
}

const asDeployed: CaseStep = {
  title: 'as deployed, after a change',
  run: async (stage) => {
    for (const version of ['another target', 'first'] as const) {
      const { ok, lines } = await stage.deploy(version);
      stage.checks.expect(stage.phase, `the deploy of '${version}' went well`, ok, lines.join('\n'));
    }
    const proved = Date.now();
    await isWell(stage, 'as deployed');
    await sleep(Math.max(0, proved + MARGIN * 1000 - Date.now()));
  },
};

const opened: CaseStep = {
  title: 'a port opened in the security group',
  run: async (stage) => {
    const { securityGroups } = await stage.gateway();
    const range = { IpProtocol: 'tcp', FromPort: 8080, ToPort: 8080, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
    const rule = { GroupId: securityGroups[0]?.id ?? '', IpPermissions: [range] };
    const client = ec2Client(stage.endpoint);
    try {
      await client.send(new AuthorizeSecurityGroupIngressCommand(rule));
      await stage.instances.settled();
      await finds(stage, 'a port opened in the security group', /lets tcp 8080 through from 0\.0\.0\.0\/0/);
      await client.send(new RevokeSecurityGroupIngressCommand(rule));
      await stage.instances.settled();
    } finally {
      client.destroy();
    }
    await isWell(stage, 'closed again');
  },
};

const putRight: CaseStep = {
  title: 'a rule added by hand, which the host puts right',
  run: async (stage) => {
    await output(stage, 'sudo iptables-nft -t nat -I PORTWAY-DNAT -p tcp --dport 4444 -j RETURN');
    await finds(
      stage,
      'a rule added by hand, and put right',
      /^note: the host put right what others changed, last at /,
      0,
    );
  },
};

const verifyDrift: RehearsalCase = {
  about:
    'somebody stops nginx, pauses the host, adds a rule, opens a port, or goes back to older content: `portway verify` finds it',
  versions: LIVE,
  steps: [
    asDeployed,
    drift(
      'the host is paused',
      'portway pause 10m',
      /^- the host was paused by hand until \S+Z: /,
      'portway pause off',
    ),
    drift(
      'nginx is stopped while the host is paused',
      'portway pause 10m; systemctl stop nginx',
      /^- forwards\.site at \S+:81 does not answer from here: /,
      'systemctl start nginx; portway pause off',
    ),
    putRight,
    opened,
    drift(
      'the content before runs',
      'portway rollback',
      /^- the host must run content [0-9a-f]{16}, and says that it runs [0-9a-f]{16} since \S+Z: somebody ran/,
      'portway apply --now',
    ),
  ],
};

export default verifyDrift;
