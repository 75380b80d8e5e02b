import type { Problems } from '../forward/problems';
import { type Block, block, type Line } from '../nginx/block';
import { refusalPlace } from '../nginx/refusals';
import type { BesideScope, HttpFeature } from './feature';
import { addHeaders } from './headers';
import { limitLines } from './limits';
import { logLines } from './logs';
import { set } from './set';

/** @category Protection of HTTP */
export interface MethodsProps {
  /**
   * The methods that pass; others get 405. `'GET'` includes `'HEAD'`. A site that browsers call from other origins
   * needs `'OPTIONS'`.
   * @default all methods
   * @refused an empty list; lower case; `CONNECT` and `TRACE`, which never pass
   */
  readonly methods?: readonly string[];
}

export interface MethodsValues {
  readonly methods?: readonly string[];
}

declare module './values' {
  interface RouteValues extends MethodsValues {}
}

export const methods: HttpFeature<MethodsProps, MethodsValues> = {
  props: { methods: true },
  read: (at, props, problems) => set({ methods: readMethods(`${at}.methods`, props.methods, problems) }),
  nginx: {
    check: { lines: (scope) => refusal(scope).lines },
    beside: { order: 10, blocks: (scope) => refusal(scope).places },
  },
};

/** nginx itself refuses both: CONNECT is for forward proxies, and TRACE shows headers that scripts must not see. */
const NEVER = ['CONNECT', 'TRACE'];

function readMethods(at: string, value: unknown, problems: Problems): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length === 0) {
    problems.add(at, "must hold at least one method, such as ['GET', 'POST']", value);
    return undefined;
  }
  const methods = value.filter((method: unknown, i): method is string => {
    if (typeof method === 'string' && /^[A-Z]{1,10}(-[A-Z]{1,10})?$/.test(method) && !NEVER.includes(method))
      return true;
    problems.add(
      `${at}[${i}]`,
      `must be a method in upper case such as GET or POST (${NEVER.join(' and ')} are always refused)`,
      method,
    );
    return false;
  });
  return [...new Set(methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])))];
}

/** Answers 405 with the allowed methods, as RFC 9110 requires. `limit_except` would answer 403. */
function refusal({ route: { id, options, overrides }, forward, forwardHeaders, facts }: BesideScope): {
  readonly lines: readonly Line[];
  readonly places: readonly Block[];
} {
  const { methods: passing, limits, headers = [], hideHeaders } = options;
  if (passing === undefined) return { lines: [], places: [] };
  const head = `if ($request_method !~ ^(${passing.join('|')})$)`;
  const allow = ['Allow', passing.join(', ')] as const;
  const answer = addHeaders([...headers, ...forwardHeaders, allow], facts, hideHeaders);
  if (limits === undefined) return { lines: [block(head, [...answer, 'return 405;'])], places: [] };
  const place = `/.portway/405/${id}`;
  return {
    lines: [block(head, [`rewrite ^ ${place} last;`])],
    places: [refusalPlace(place, 405, [...limitLines(forward, limits), ...logLines(overrides.logs, facts), ...answer])],
  };
}
