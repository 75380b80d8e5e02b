import { plainTable } from '../table';
import type { Plan, PlannedForward, PlannedRule } from './plan';

/** A plan for people: the forwards, the security group, how full user-data is, and the rendered files. */
export function printPlan(stack: string, plan: Plan): string {
  const forwards = plainTable(
    ['forward', 'listener', 'leads to', 'engine', 'allowed from'],
    plan.forwards.map(forwardRow),
  );
  const rules = plainTable(
    ['direction', 'protocol', 'ports', 'network', 'for'],
    [...plan.inbound.map((r) => ['in', ...ruleRow(r)]), ...plan.outbound.map((r) => ['out', ...ruleRow(r)])],
  );
  const { size, limit, reserve, compressed } = plan.userData;
  const room = `User-data: ${size} of ${limit} bytes, ${reserve} of them kept for the signal's URL${compressed ? '; rules travel compressed' : ''}.`;
  const files = plan.files.map(({ path, text }) => `${path}\n${'-'.repeat(path.length)}\n${text}`);
  return [`Stack ${stack}`, forwards, 'Security group', rules, room, ...files].join('\n\n');
}

function forwardRow({ name, kind, listen, to, redirectTo, engine, allowFrom }: PlannedForward): string[] {
  const leadsTo =
    redirectTo === undefined
      ? to.map((t) => (t.includes(':') ? t : `${t} on the gateway`))
      : [`redirect to ${redirectTo}`];
  return [
    name,
    `${kind} ${listen}`,
    leadsTo.join('\n'),
    engine,
    allowFrom.length > 0 ? allowFrom.join('\n') : 'everyone',
  ];
}

function ruleRow(rule: PlannedRule): string[] {
  return [rule.protocol, rule.ports, rule.peer, rule.for.join(', ')];
}
