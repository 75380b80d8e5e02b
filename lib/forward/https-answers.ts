import type { HttpsForwardProps } from './forward';
import { readHsts } from './hsts';
import type { HttpSite } from './http-route';
import type { Problems } from './problems';
import type { HttpsForward } from './resolved';

/** What an HTTPS forward tells clients about TLS and HTTP/3. */
export function readHttpsAnswers(
  at: string,
  props: Pick<Partial<HttpsForwardProps>, 'hsts' | 'http3' | 'proxyProtocol'>,
  sites: readonly HttpSite[],
  problems: Problems,
): Pick<HttpsForward, 'hsts' | 'http3'> {
  const { hsts: said, http3 = false, proxyProtocol } = props;
  const hsts = readHsts(`${at}.hsts`, said, problems);
  if (typeof http3 !== 'boolean') problems.add(`${at}.http3`, 'must be true or false', http3);
  if (http3 === true && proxyProtocol !== undefined)
    problems.add(`${at}.http3`, 'must be left out beside proxyProtocol, which there is over TCP alone', true);
  const named = sites.flatMap((s) => [s.options, ...s.routes.map((r) => r.options)]).flatMap((o) => o.headers ?? []);
  const has = (name: string) => named.some(([header]) => header.toLowerCase() === name);
  if (hsts !== undefined && has('strict-transport-security'))
    problems.add(`${at}.hsts`, 'must not stand beside a header Strict-Transport-Security of your own');
  if (http3 === true && has('alt-svc'))
    problems.add(`${at}.http3`, 'must not stand beside a header Alt-Svc of your own');
  return { ...(hsts === undefined ? {} : { hsts }), ...(http3 === true ? { http3 } : {}) };
}
