import {
  answerLines,
  hasOwnAnswers,
  implied,
  isLimited,
  leadsBeside,
  linesOf,
  placesBeside,
  targetPath,
} from '../http/contributions';
import type { BesideScope, ForwardingScope, RouteScope } from '../http/feature';
import { type Block, block } from './block';
import { passTo } from './upstream';

/** A route of a site: its location, and the locations beside it for what that one cannot answer. */
export function locations(scope: RouteScope): readonly Block[] {
  const { path, redirect } = scope.route;
  const beside = besideScope(scope);
  return [
    block(`location ${path.kind === 'exact' ? '= ' : ''}${path.text}`, [
      ...beside.settings(),
      ...checkLines(beside),
      ...(redirect === undefined ? beside.forwarding('route') : []),
    ]),
    ...placesBeside(beside),
  ];
}

function besideScope(scope: RouteScope): BesideScope {
  const { route } = scope;
  const module = route.protocol === 'grpc' ? 'grpc' : 'proxy';
  const { options, overrides } = route;
  const ownAnswers = hasOwnAnswers(route);
  const common = { ...scope, leadsBeside: leadsBeside(route), ownAnswers };
  return {
    ...scope,
    settings: (replaced = implied(route)) =>
      settingLines({
        ...common,
        module,
        options: { ...options, ...replaced },
        stated: { ...overrides, ...replaced },
      }),
    forwarding: (location) => forwardingLines({ ...scope, location }),
    answers: answerLines({ ...common, module: 'proxy', options, stated: overrides }),
    ownAnswers,
    limited: isLimited(options),
  };
}

/**
 * Forwards the request. It comes after lines that set variables, and before `rewrite ... break`, after which such lines
 * are ignored.
 */
const PASS = {
  order: 100,
  lines: ({ route }: ForwardingScope) =>
    passTo(route, route.protocol === 'grpc' ? 'grpc://' : 'http://', targetPath(route)),
};

const settingLines = linesOf('setting');
const checkLines = linesOf('check');
const forwardingLines = linesOf('forwarding', [PASS]);
