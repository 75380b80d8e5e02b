import type { HttpSite } from './route';

/** Whether `headers` sets a header anywhere in these sites; `name` is in lower case. */
export function setsHeader(sites: readonly HttpSite[], name: string): boolean {
  const options = sites.flatMap((s) => [s.options, ...s.routes.map((r) => r.options)]);
  return options.some(({ headers = [] }) => headers.some(([header]) => header.toLowerCase() === name));
}
