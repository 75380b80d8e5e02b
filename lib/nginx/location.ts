import { implied, leadsBeside, linesOf, placesBeside, settingLines } from '../http/contributions';
import type { BesideScope, ForwardingScope, RouteScope } from '../http/feature';
import { rawPath } from '../http/strip-prefix';
import { type Block, block } from './block';
import { NAME } from './host';
import { redirect } from './refusals';
import { passTo } from './upstream';

/** A route of a site: its location, and the locations beside it for what that one cannot answer. */
export function locations(scope: RouteScope): readonly Block[] {
  const { path, id, options, redirect: to } = scope.route;
  const beside = besideScope(scope);
  const leads =
    to === undefined
      ? { lines: beside.forwarding('route'), places: [] }
      : redirect(origin(to), id, options.limits !== undefined, beside.answers);
  return [
    block(`location ${path.kind === 'exact' ? '= ' : ''}${path.text}`, [
      ...beside.settings(),
      ...linesOf('check', beside),
      ...leads.lines,
    ]),
    ...placesBeside(beside, leads.places),
  ];
}

function besideScope(scope: RouteScope): BesideScope {
  const { route } = scope;
  const module = route.protocol === 'grpc' ? 'grpc' : 'proxy';
  const { options, overrides } = route;
  const common = { ...scope, leadsBeside: leadsBeside(route) };
  return {
    ...scope,
    settings: (replaced = implied(route)) =>
      settingLines({
        ...common,
        module,
        options: { ...options, ...replaced },
        stated: { ...overrides, ...replaced },
      }),
    forwarding: (location) => linesOf('forwarding', { ...scope, location }, [PASS]),
    answers: settingLines({ ...common, module: 'proxy', options, stated: overrides }, 'answers'),
  };
}

/**
 * Forwards the request. It comes after lines that set variables, and before `rewrite ... break`, after which such lines
 * are ignored.
 */
const PASS = {
  order: 100,
  lines: ({ route }: ForwardingScope) =>
    passTo(route, route.protocol === 'grpc' ? 'grpc://' : 'http://', rawPath(route)),
};

/** 308 keeps the method and body, so that a form posted to the old address still arrives. */
export function origin(to: number | string): string {
  if (typeof to === 'string') return to;
  return `https://${NAME}${to === 443 ? '' : `:${to}`}`;
}
