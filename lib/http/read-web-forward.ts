import { ANY_FAMILY } from '../forward/cidr';
import { forwardPath, type Problems } from '../forward/problems';
import type { Reading, Written } from '../forward/read-forwards';
import { readEngine, readListener } from '../forward/read-props';
import type { HttpForward, HttpsForward, WebForward } from '../forward/resolved';
import { FORWARD_FEATURES, HTTPS_FEATURES } from './features';
import { readForwardOptions } from './read-place';
import { readSites } from './read-sites';
import type { HttpsPorts } from './route';
import type { ForwardValues, HttpsValues } from './values';

type Context = Reading & { readonly httpsPorts: HttpsPorts };

export function readHttpForward(
  name: string,
  forward: Written<'http'>,
  context: Context,
  problems: Problems,
): HttpForward | undefined {
  const before = problems.length;
  const web = readWebForward(name, forward, context, problems);
  return web === undefined || problems.length > before ? undefined : { kind: 'http', ...web };
}

export function readHttpsForward(
  name: string,
  forward: Written<'https'>,
  context: Context,
  problems: Problems,
): HttpsForward | undefined {
  const at = forwardPath(name);
  const before = problems.length;
  const web = readWebForward(name, forward, context, problems);
  const sites = web?.sites ?? [];
  const options = readForwardOptions<HttpsValues>(
    at,
    { features: HTTPS_FEATURES, props: forward.props, sites, lists: context.lists },
    problems,
  );
  if (web === undefined || problems.length > before) return undefined;
  return { kind: 'https', ...web, ...options };
}

/** What HTTP and HTTPS forwards have in common. Undefined if the listener is invalid. */
function readWebForward(
  name: string,
  forward: Written<'http' | 'https'>,
  { stackEngine, httpsPorts, lists, hosts }: Context,
  problems: Problems,
): Omit<WebForward, 'kind'> | undefined {
  const { kind, props } = forward;
  const at = forwardPath(name);
  readEngine(at, forward, stackEngine, problems);
  const listen = readListener(at, forward, 'tcp', problems);
  const sites = listen === undefined ? [] : readSites(at, props, { name, kind, httpsPorts, listen, hosts }, problems);
  const options = readForwardOptions<ForwardValues>(at, { features: FORWARD_FEATURES, props, sites, lists }, problems);
  if (listen === undefined) return undefined;
  return {
    name,
    engine: 'nginx',
    transport: 'tcp',
    listen,
    families: ANY_FAMILY,
    targets: sites.flatMap((s) => s.routes).flatMap((r) => r.targets),
    sites,
    ...options,
  };
}
