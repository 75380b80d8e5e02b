import type { HttpContext, Options, ServerContext } from './context';
import type { Directive } from './directives';
import { lostLocation, PASSES } from './lost-location';
import { readOptions } from './options';
import { passOf, type TargetsAnswer } from './pass';
import { pathsOf } from './paths';
import { type Answer, readReturn, readRewrite } from './redirects';
import { Scope } from './scope';

/** What happens to the requests for a path: `/*` is all paths. */
export interface Leaf {
  readonly path: string;
  readonly answer: TargetsAnswer | RedirectAnswer;
  readonly options: Options;
  /** Whose requests are let in: `allow` and `deny`, inherited or not. */
  readonly access: readonly Directive[];
  readonly said: Directive;
}

export interface RedirectAnswer {
  readonly kind: 'redirect';
  readonly to: string;
}

/** The leaves of a server's locations, in the order in which nginx prefers them where paths are the same. */
export function leavesOf(server: Scope, context: ServerContext): readonly Leaf[] {
  const leaves = new Map<string, Leaf>();
  const named = new Map(
    server.here('location').flatMap((one) => (one.args[0]?.startsWith('@') ? [[one.args[0], one] as const] : [])),
  );
  const visit = (scope: Scope) => {
    for (const location of scope.here('location')) {
      if (location.args[0]?.startsWith('@')) continue;
      const inner = new Scope(location.body ?? [], scope);
      for (const leaf of leavesOfLocation(location, inner, named, context)) {
        // An expression wins over a prefix, unless that says ^~.
        const isExpression = location.args[0]?.startsWith('~') === true;
        if (!leaves.has(leaf.path) || isExpression) leaves.set(leaf.path, leaf);
      }
      visit(inner);
    }
  };
  visit(server);
  return [...leaves.values()];
}

function leavesOfLocation(
  location: Directive,
  scope: Scope,
  named: ReadonlyMap<string, Directive>,
  context: ServerContext,
): readonly Leaf[] {
  const { ledger } = context;
  const found = contentOf(location, scope, named, context);
  if (found === undefined) {
    loseLocation(location, scope, context);
    return [];
  }
  const { said, within } = found;
  if (scope.here('internal').length > 0) {
    ledger.remark('own', location, 'no client reaches it: it is internal');
    return [];
  }
  const paths = pathsOf(location.args);
  if ('why' in paths) {
    loseLocation(location, scope, context, paths.why);
    return [];
  }
  const access = within.all('allow', 'deny');
  if (isClosed(access) && said.name !== 'return' && said.name !== 'rewrite') {
    const isRest = paths.paths.includes('/*');
    ledger.take(...access);
    ledger.remark(
      isRest ? 'own' : 'unprotected',
      location,
      isRest ? CLOSED : `${CLOSED}: its requests go where those around it go`,
    );
    return [];
  }
  const answer =
    said.name === 'return' || said.name === 'rewrite'
      ? redirectOf(said, within, context)
      : passOf(said, within, paths.paths, context);
  if (answer === undefined) {
    loseLocation(location, scope, context, undefined);
    return [];
  }
  if (paths.differs === undefined) ledger.take(location);
  else ledger.remark('differs', location, paths.differs);
  tellRest(within, context);
  const options = readOptions(
    { scope: within, module: said.name === 'grpc_pass' ? 'grpc' : 'proxy', redirects: answer.kind === 'redirect' },
    context,
  );
  return pathsFor(paths.paths, answer, location, context).map((path) => ({ path, answer, options, access, said }));
}

const CLOSED = 'nobody may use it, so it is left out';

/** Whether nobody but the host itself may come. */
function isClosed(access: readonly Directive[]): boolean {
  const end = access.findIndex(({ args }) => args[0] === 'all');
  const before = access.slice(0, Math.max(end, 0));
  return (
    access[end]?.name === 'deny' &&
    before.every(({ name, args: [source = ''] }) => name === 'deny' || /^(127\.|::1|unix:)/.test(source))
  );
}

/** `stripPrefix` stands on prefixes alone: a path without its slash is redirected to the one with it, as nginx does. */
function pathsFor(paths: readonly string[], answer: Leaf['answer'], location: Directive, { ledger }: HttpContext) {
  if (answer.kind !== 'targets' || answer.props.stripPrefix !== true) return paths;
  const prefixes = paths.filter((path) => path.endsWith('/*'));
  for (const path of paths.filter((one) => !one.endsWith('/*')))
    ledger.remark('differs', location, `${path} itself is redirected to ${path}/`);
  return prefixes;
}

/** What answers in a location, and the block that says so: its own, or the one that `try_files` ends with. */
function contentOf(
  location: Directive,
  scope: Scope,
  named: ReadonlyMap<string, Directive>,
  context: ServerContext,
): { readonly said: Directive; readonly within: Scope } | undefined {
  const [returns] = scope.here('return');
  const [pass] = scope.here(...PASSES);
  const rewrites = scope.here('rewrite').find((one) => readRewrite(one, scope, context) !== undefined);
  const said = returns ?? rewrites ?? pass;
  if (said !== undefined) return { said, within: scope };
  const [files] = scope.here('try_files', 'error_page');
  const fallback = named.get(files?.args.at(-1) ?? '');
  if (files === undefined || fallback === undefined) return undefined;
  const within = new Scope(fallback.body ?? [], scope.above);
  const [last] = within.here(...PASSES);
  if (last === undefined) return undefined;
  context.ledger.remark('lost', files, `files are not served: all requests of ${location.text} go to the target`);
  context.ledger.take(fallback);
  return { said: last, within };
}

function redirectOf(said: Directive, scope: Scope, context: ServerContext): RedirectAnswer | undefined {
  const answer = said.name === 'return' ? readReturn(said, scope, context) : readRewrite(said, scope, context);
  return answer === undefined ? undefined : settleRedirect(said, answer, context);
}

/** @returns undefined, and says why, if it is no redirect that a forward can make */
export function settleRedirect(said: Directive, answer: Answer, { ledger }: HttpContext): RedirectAnswer | undefined {
  if (answer.kind !== 'redirect') {
    if (answer.kind === 'lost') ledger.remark('lost', said, answer.why);
    return undefined;
  }
  if (answer.differs === undefined) ledger.take(said);
  else ledger.remark('differs', said, answer.differs);
  return { kind: 'redirect', to: answer.to };
}

/** What a translated place says besides: what keeps somebody out must not be overlooked. */
function tellRest(scope: Scope, { ledger }: HttpContext): void {
  const [basic] = scope.all('auth_basic');
  const names = ['auth_request', 'auth_jwt', 'satisfy', 'secure_link', 'valid_referers', 'modsecurity'];
  const found = [...(basic?.args[0] === 'off' ? [] : [basic]), ...names.map((name) => scope.last(name))];
  for (const one of found)
    if (one !== undefined && one.args[0] !== 'off')
      ledger.remark('unprotected', one, 'it has no counterpart: whoever may use the forward may use this');
}

function loseLocation(location: Directive, scope: Scope, { ledger }: HttpContext, why?: string): void {
  const lost = lostLocation(location, scope, why);
  if (lost === undefined) ledger.take(location);
  else ledger.remark(lost.fate, location, lost.why);
}
