import type { HttpRoute, HttpSite } from '../forward/http-route';
import type { WebForward } from '../forward/resolved';
import { type Block, block, type Line } from './block';
import { limitLines } from './limits';
import { logLines } from './logging';
import { refusalPlace } from './refusals';
import type { RequestFacts } from './request-facts';
import { addHeaders } from './response-headers';

/** 405 with the list of those that pass, as RFC 9110 asks for. Not `limit_except`, which answers 403. */
export function methodCheck(
  { id, options }: HttpRoute,
  site: HttpSite,
  forward: WebForward,
  facts: RequestFacts,
): { readonly lines: readonly Line[]; readonly places: readonly Block[] } {
  const { methods, limits } = options;
  if (methods === undefined) return { lines: [], places: [] };
  const head = `if ($request_method !~ ^(${methods.join('|')})$)`;
  const headers = addHeaders([...(options.headers ?? []), ['Allow', methods.join(', ')]], facts, options.hideHeaders);
  if (limits === undefined) return { lines: [block(head, [...headers, 'return 405;'])], places: [] };
  const logs = options.logs === site.options.logs ? [] : logLines(options.logs);
  const place = `/.portway/405/${id}`;
  return {
    lines: [block(head, [`rewrite ^ ${place} last;`])],
    places: [refusalPlace(place, 405, [...limitLines(forward, limits), ...logs, ...headers])],
  };
}
