import type { FetchedList } from './fetched-lists';
import { parsePorts } from './ports';
import { forwardPath, type Problems } from './problems';
import type { Written, WrittenForward, WrittenForwards } from './read-forwards';
import { entriesOf } from './read-object';
import { isHttpsForward, type ResolvedForward } from './resolved';
import { ACME_PATH, isCheckedOverHttp, Tls } from './tls';

/** The HTTP forwards that listen where a CA checks domains. */
function onWebPort(name: string, forward: WrittenForward): readonly (readonly [string, Written<'http'>['props']])[] {
  return forward.kind === 'http' && parsePorts(forward.props.listen)?.from === 80 ? [[name, forward.props]] : [];
}

/** The forwards. The one on port 80 also says whether CAs check domains there. */
export function answerAcme(forwards: readonly ResolvedForward[]): readonly ResolvedForward[] {
  if (!forwards.some((f) => isHttpsForward(f) && isCheckedOverHttp(f.tls))) return forwards;
  return forwards.map((f) => (f.kind === 'http' && f.listen.from === 80 ? { ...f, answersAcme: true } : f));
}

/** Whether a forward, as it was written, has a certificate whose domains a CA checks over HTTP. */
function asksOverHttp(forward: WrittenForward): boolean {
  if (forward.kind !== 'https' || !(forward.props.tls instanceof Tls) || forward.props.tls.source !== 'acme')
    return false;
  return !(entriesOf(forward.props.tls.props) ?? []).some(([name, value]) => name === 'dns' && value !== undefined);
}

/**
 * What a certificate by ACME needs from the other forwards. Forwards that broke other rules are checked too, so that
 * one run reports everything.
 */
export function checkAcme(entries: WrittenForwards, problems: Problems): void {
  const asking = entries.filter(([, forward]) => asksOverHttp(forward));
  if (asking.length === 0) return;
  const [web] = entries.flatMap(([name, forward]) => onWebPort(name, forward));
  if (web === undefined) {
    for (const [name] of asking)
      problems.add(
        `${forwardPath(name)}.tls`,
        "must go with an HTTP forward on port 80, where the CA checks the domains: add one, such as Forward.http({ listen: 80, redirectTo: 'https' }), or let the CA check records: dns: { zone }",
      );
    return;
  }
  const [name, props] = web;
  if (props.allowFrom !== undefined)
    problems.add(
      `${forwardPath(name)}.allowFrom`,
      'must be left out beside Tls.letsEncrypt without dns: the CA checks the domains here, from addresses that it does not publish',
      props.allowFrom,
    );
  const places = [[forwardPath(name), props] as const, ...hostsOf(forwardPath(name), props.hosts)];
  for (const [at, { routes }] of places) {
    for (const path of textKeys(routes).filter((p) => p.startsWith(ACME_PATH)))
      problems.add(
        `${at}.routes[${JSON.stringify(path)}]`,
        'must be left out beside Tls.letsEncrypt, which answers the CA there',
      );
  }
}

function hostsOf(at: string, hosts: unknown): readonly (readonly [string, { readonly routes?: unknown }])[] {
  return (entriesOf(hosts) ?? []).map(([host, own]) => [
    `${at}.hosts[${JSON.stringify(host)}]`,
    Object.fromEntries(entriesOf(own) ?? []) as { readonly routes?: unknown },
  ]);
}

function textKeys(value: unknown): readonly string[] {
  return (entriesOf(value) ?? []).flatMap(([key]) => (typeof key === 'string' ? [key] : []));
}

/** Refuses certificates that could not be renewed: the CA checks domains from several countries, which it does not name. */
export function checkCountries(
  forwards: readonly ResolvedForward[],
  { fetchedLists }: { readonly fetchedLists: readonly FetchedList[] },
  problems: Problems,
): void {
  if (!fetchedLists.some(({ countries }) => countries?.areKeptOut === false)) return;
  for (const forward of forwards)
    if (isHttpsForward(forward) && isCheckedOverHttp(forward.tls))
      problems.add(
        `${forwardPath(forward.name)}.tls`,
        'must not be Tls.letsEncrypt without dns beside Sources.countries with allBut: the CA checks domains from several countries. Let it check records (dns: { zone }), take a certificate of your own (Tls.secret), or name the countries to keep out',
      );
}
