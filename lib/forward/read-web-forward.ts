import type { Engine } from './forward';
import type { HttpsPorts } from './http-route';
import { readHttpsAnswers } from './https-answers';
import { forwardPath, type Problems } from './problems';
import type { Written } from './read-forwards';
import { readSourceLists } from './read-kernel-props';
import { ANY_FAMILY, readEngine, readListener } from './read-props';
import { readSites } from './read-sites';
import { readTls } from './read-tls';
import type { HttpForward, HttpsForward, WebForward } from './resolved';
import { readTrustedProxies } from './trusted-proxies';
import { readWhole } from './whole';

type Context = { readonly stackEngine: Engine; readonly httpsPorts: HttpsPorts };

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
  const tls = readTls(`${at}.tls`, forward.props.tls, problems);
  const answers = readHttpsAnswers(at, forward.props, web?.sites ?? [], problems);
  if (web === undefined || tls === undefined || problems.length > before) return undefined;
  return { kind: 'https', ...web, tls, ...answers };
}

/** What HTTP and HTTPS forwards have in common. Undefined if there is no listener to read the sites for. */
function readWebForward(
  name: string,
  forward: Written<'http' | 'https'>,
  { stackEngine, httpsPorts }: Context,
  problems: Problems,
): Omit<WebForward, 'kind'> | undefined {
  const { kind, props } = forward;
  const at = forwardPath(name);
  readEngine(at, forward, stackEngine, problems);
  const listen = readListener(at, forward, 'tcp', problems);
  const sites = listen === undefined ? [] : readSites(at, props, { name, kind, httpsPorts, listen }, problems);
  const sources = readSourceLists(at, props, problems);
  const { trustedProxies } = readTrustedProxies(at, props, ['accept'], problems);
  for (const flag of ['maintenance', 'underscoresInHeaders'] as const)
    if (props[flag] !== undefined && typeof props[flag] !== 'boolean')
      problems.add(`${at}.${flag}`, 'must be true or false', props[flag]);
  const maxHeaderKiB =
    props.maxHeaderKiB === undefined
      ? undefined
      : readWhole(`${at}.maxHeaderKiB`, props.maxHeaderKiB, { from: 8, to: 64 }, problems);
  if (listen === undefined) return undefined;
  return {
    name,
    engine: 'nginx',
    transport: 'tcp',
    listen,
    families: ANY_FAMILY,
    ...sources,
    targets: sites.flatMap((s) => s.routes).flatMap((r) => r.targets),
    ...(trustedProxies === undefined ? {} : { trustedProxies }),
    sites,
    ...(maxHeaderKiB === undefined ? {} : { maxHeaderKiB }),
    ...(props.underscoresInHeaders === true ? { underscoresInHeaders: true } : {}),
    maintenance: props.maintenance === true,
  };
}
