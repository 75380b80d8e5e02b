import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from './case';
import type { Scan } from './checks';
import { INTERNET } from './network/addresses';
import type { HttpAnswer, PortState, Probe } from './network/probe';

/** What the application says it saw (services/application.py). */
interface Seen {
  readonly port: number;
  readonly tls: boolean;
  readonly client: { readonly address: string };
  readonly headers: Readonly<Record<string, string>>;
}

/** The first thousand ports, where well-known services are, and those where applications and databases usually listen. */
const SCANNED = [
  ...Array.from({ length: 1024 }, (_, i) => i + 1),
  ...[
    1433, 1521, 2375, 3000, 3306, 3389, 5432, 5900, 6379, 8000, 8008, 8080, 8443, 8888, 9000, 9090, 9200, 11211, 27017,
  ],
];

/** Waits until the application answers through the gateway; gives the seconds that it took, or undefined when it never did. */
export async function untilAnswered(probe: Probe, address: string, seconds: number): Promise<number | undefined> {
  const begin = Date.now();
  while (Date.now() - begin < seconds * 1000) {
    const { status } = await probe.http('stranger', `http://${address}/`, { seconds: 3 });
    if (status === 200) return Math.round((Date.now() - begin) / 1000);
    await sleep(500);
  }
  return undefined;
}

/** What everybody sees as soon as the gateway forwards. */
export async function checkPublic(stage: Stage): Promise<void> {
  const { checks, phase } = stage;
  await Promise.all([checkHttp(stage), checkHttps(stage)]);
  // Not even a refusal: a closed port would tell that somebody is there.
  const { open, refused } = await scan(stage, 'stranger');
  checks.expect(
    phase,
    `stranger finds 80 and 443 and no other port (${SCANNED.length} scanned)`,
    open.join() === '80,443' && refused.length === 0,
    `open: ${open}; refused: ${refused}`,
  );
}

/** What the admin sees, from outside and inside, once the host has booted whole. */
export async function checkAdmin(stage: Stage): Promise<void> {
  const { checks, phase } = stage;
  const { open } = await scan(stage, 'admin');
  checks.expect(phase, 'admin finds 22 besides', open.join() === '22,80,443', `open: ${open}`);
  await checkLogin(stage);
}

async function scan({ lab: { probe }, address, phase, checks }: Stage, party: Scan['party']): Promise<Scan> {
  const ports = await probe.tcpPorts(party, address, SCANNED);
  const those = (state: PortState) => [...ports].filter(([, is]) => is === state).map(([port]) => port);
  const found = { phase, party, open: those('open'), refused: those('closed'), tried: SCANNED.length };
  checks.scanned(found);
  return found;
}

async function checkHttp({ lab: { probe }, address, phase, checks, plan }: Stage): Promise<void> {
  const engine = plan.forwards[0]?.engine;
  const answer = await probe.http('stranger', `http://${address}/hello?a=1`);
  const seen = applicationSaw(answer);
  checks.expect(phase, 'stranger gets the application on 80', seen?.port === 8080, shown(answer));
  const client = INTERNET.stranger.address;
  // The kernel hands packets on as they came; a proxy opens a connection of its own and tells the address in a header.
  if (engine === 'iptables')
    checks.expect(phase, "the application sees the client's address", seen?.client.address === client, shown(answer));
  else {
    const told = seen?.headers['x-forwarded-for'] === client && seen.headers.host === address;
    checks.expect(phase, "the application is told the client's address and the public host", told, shown(answer));
    const forged = await probe.http('stranger', `http://${address}/`, { curl: ['-H', 'X-Forwarded-For: 10.9.9.9'] });
    checks.expect(
      phase,
      'a forged client address does not get through',
      applicationSaw(forged)?.headers['x-forwarded-for'] === client,
      shown(forged),
    );
  }
}

async function checkHttps({ lab: { probe }, address, phase, checks, plan }: Stage): Promise<void> {
  const engine = plan.forwards[0]?.engine;
  const answer = await probe.http('stranger', `https://${address}/`, { insecure: true });
  const seen = applicationSaw(answer);
  const ended = engine === 'nginx';
  // nginx ends TLS and speaks plain HTTP to 8080; the kernel cannot, so the application ends it on 8443.
  const right = ended
    ? seen?.port === 8080 && !seen.tls && seen.headers['x-forwarded-proto'] === 'https'
    : seen?.port === 8443 && seen.tls;
  checks.expect(
    phase,
    `stranger gets the application on 443 (TLS ended by ${ended ? 'nginx' : 'the application'})`,
    right === true,
    shown(answer),
  );
}

/** One login for all that is looked at from inside: a handshake costs an emulated processor seconds. */
async function checkLogin({ ssh, phase, checks }: Stage): Promise<void> {
  const commands = [
    'id -un',
    'curl -s -m 10 http://localhost/',
    // A rule without --dst-type LOCAL would lead this to the application.
    'curl -s -m 10 -o /dev/null -w "%{http_code}" http://packages.rehearsal.internal/Release',
  ];
  const { stdout, error } = await ssh(commands.join('; echo; echo ----; '));
  const [login = '', own = '', out = ''] = stdout.split('----').map((part) => part.trim());
  checks.expect(phase, 'admin logs in on 22', login === 'admin', error ?? login);
  const itself = parse(own) as Seen | undefined;
  checks.expect(phase, 'the gateway reaches its own forward', itself?.port === 8080, error ?? own);
  checks.expect(phase, "the gateway's own connections to port 80 of others still leave", out === '200', error ?? out);
}

function applicationSaw(answer: HttpAnswer): Seen | undefined {
  return answer.status === 200 ? (answer.json as Seen | undefined) : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function shown({ status, error, body }: HttpAnswer): string {
  return error ?? `${status} ${body.slice(0, 300)}`;
}
