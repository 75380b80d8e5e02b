import { type Answer, ask, isRight } from './ask';
import type { Stage } from './case';
import type { Scan } from './checks';
import { expectationsOf, openPorts, type Question, reachOf, visitorOf } from './expectations';
import { INTERNET } from './network/addresses';
import type { PortState } from './network/probe';
import type { Party } from './network/topology';
import { nameOf } from './targets';

/** The first thousand ports, where well-known services are, and those of common applications and databases. */
const SCANNED = [
  ...Array.from({ length: 1024 }, (_, i) => i + 1),
  ...[
    1433, 1521, 2375, 3000, 3306, 3389, 5432, 5900, 6379, 8000, 8008, 8080, 8443, 8888, 9000, 9090, 9200, 11211, 27017,
  ],
];

/**
 * Each forward is asked by a party that may use it and by a stranger who may not. Then the stranger scans for anything
 * else.
 */
export async function checkPublic(stage: Stage): Promise<void> {
  const { questions } = expectationsOf(stage.plan);
  // One after the other, since a handshake takes an emulated processor seconds.
  for (const question of questions) await checkForward(stage, question);
  // Not even a refusal: a closed port would reveal that a host is there.
  await checkPorts(stage, 'stranger');
}

/** What the admin sees, from outside and inside, once the host has booted completely. */
export async function checkAdmin(stage: Stage): Promise<void> {
  const { checks, phase, noLogin } = stage;
  await checkPorts(stage, 'admin');
  if (noLogin === undefined) await checkLogin(stage);
  else checks.skipped(phase, 'admin logs in on 22', noLogin);
}

async function checkForward(stage: Stage, question: Question): Promise<void> {
  const { plan, targets, checks, phase } = stage;
  const { forward, port, host = '', path } = question;
  const label = `${forward} on ${port}${host === '' && path === '/' ? '' : ` (${host}${path})`}`;
  const visitor = visitorOf(plan, forward);
  if (visitor === undefined)
    checks.skipped(phase, `${label} is answered`, 'it lets in no IPv4 address that is known before it is deployed');
  else {
    const party = typeof visitor === 'string' ? visitor : await targets.party(visitor.address);
    const address = typeof visitor === 'string' ? INTERNET[visitor].address : visitor.address;
    await checkAnswer(stage, { question, label, party, address });
  }
  if (visitor === 'stranger') return;
  const answer = await asked(stage, question, 'stranger', 3);
  const reach = reachOf(plan, forward, INTERNET.stranger.address);
  const kept = !isRight(question, answer, () => true);
  if (reach !== 'yes') checks.expect(phase, `stranger gets nothing of ${label}`, kept, answer.text);
}

interface Asker {
  readonly question: Question;
  readonly label: string;
  readonly party: Party;
  readonly address: string;
}

/** The right target answers, and knows as much about the client as the engine can pass on. */
async function checkAnswer(stage: Stage, { question, label, party, address }: Asker): Promise<void> {
  const { checks, phase, targets } = stage;
  const { speech, places, redirect, client, believed } = question;
  const answer = await asked(stage, question, party);
  const who = party.startsWith('host-') ? `${address}` : party;
  const by = redirect === undefined ? places.map(nameOf).join(' or ') : `a redirect to ${redirect}`;
  const right = isRight(question, answer, (place) => targets.isTaken(place));
  if (!checks.expect(phase, `${who} asks ${label}, and ${by} answers`, right, answer.text)) return;
  const { seen } = answer;
  if (seen === undefined || client === 'hidden') return;
  // The kernel forwards packets unchanged. A proxy opens its own connection and sends the address in a header.
  if (client === 'seen') {
    const sees = seen.client.address === address;
    checks.expect(phase, `${label}: the application sees the client's address`, sees, answer.text);
    return;
  }
  const { headers = {} } = seen;
  const host = question.host ?? stage.address;
  const told =
    headers['x-forwarded-for'] === address &&
    headers['x-forwarded-proto'] === speech &&
    headers.host?.replace(/:\d+$/, '') === host;
  const what = `${label}: the application is told the client's address, the scheme and the public host`;
  checks.expect(phase, what, told, answer.text);
  if (believed) return;
  const forged = await asked(stage, question, party, 10, ['X-Forwarded-For: 10.9.9.9']);
  const kept = forged.seen?.headers?.['x-forwarded-for'] === address;
  checks.expect(phase, `${label}: a forged client address does not get through`, kept, forged.text);
}

function asked(
  { lab: { probe }, address }: Stage,
  question: Question,
  party: Party,
  seconds = 10,
  headers: readonly string[] = [],
): Promise<Answer> {
  return ask(question, { probe, party, address, seconds, headers });
}

/** A party must find exactly the ports that the plan opens for it. */
async function checkPorts(stage: Stage, party: 'stranger' | 'admin'): Promise<void> {
  const { plan, phase, checks, lab, address } = stage;
  const { must, may } = openPorts(plan, expectationsOf(plan), INTERNET[party].address, party === 'admin');
  const tried = [...new Set([...SCANNED, ...may])];
  const ports = await lab.probe.tcpPorts(party, address, tried);
  const those = (state: PortState) => [...ports].filter(([, is]) => is === state).map(([port]) => port);
  const scan: Scan = { phase, party, open: those('open'), refused: those('closed'), tried: tried.length };
  checks.scanned(scan);
  const { open, refused } = scan;
  const right = must.every((port) => open.includes(port)) && [...open, ...refused].every((port) => may.includes(port));
  // Ports that are open but not asked may have no listener.
  const perhaps = may.filter((port) => !must.includes(port));
  const extra = perhaps.length > 5 ? `${perhaps.length} more` : perhaps.join(', ');
  const list = [must.join(', '), extra && `perhaps ${extra}`, 'no other port'].filter(Boolean).join(', ');
  checks.expect(phase, `${party} finds ${list} (${tried.length} scanned)`, right, `open: ${open}; refused: ${refused}`);
}

/** One login for everything that is checked from inside, since a handshake takes an emulated processor seconds. */
async function checkLogin({ ssh, phase, checks, plan }: Stage): Promise<void> {
  const own = expectationsOf(plan).questions.find((question) => question.speech === 'http' && !question.redirect);
  const commands = [
    'id -un',
    own ? `curl -s -m 10 http://localhost:${own.port}${own.path} ${own.host ? `-H Host:${own.host}` : ''}` : 'true',
    // A rule without --dst-type LOCAL would send this to the application.
    'curl -s -m 10 -o /dev/null -w "%{http_code}" http://packages.rehearsal.internal/Release',
  ];
  const { stdout, error } = await ssh(commands.join('; echo; echo ----; '));
  const [login = '', itself = '', out = ''] = stdout.split('----').map((part) => part.trim());
  checks.expect(phase, 'admin logs in on 22', login === 'admin', error ?? login);
  if (own?.places.every(({ address }) => address === undefined))
    checks.expect(phase, 'the gateway reaches its own forward', itself.includes('"port":'), error ?? itself);
  checks.expect(phase, "the gateway's own connections to port 80 of others still leave", out === '200', error ?? out);
}
