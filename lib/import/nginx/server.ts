import type { HttpContext, ServerContext } from './context';
import type { Directive } from './directives';
import { type Leaf, leavesOf, type RedirectAnswer, settleRedirect } from './leaves';
import { readOptions } from './options';
import { readReturn, readRewrite } from './redirects';
import { Scope } from './scope';

/** What happens to the requests for some names. */
export interface Site {
  /** Empty: all names that no other site has. */
  readonly names: readonly string[];
  readonly leaves: readonly Leaf[];
}

/** A `listen` of a server. */
export interface Listen {
  readonly said: Directive;
  readonly host: string;
  readonly port: string;
  readonly parameters: readonly string[];
}

export interface Server {
  readonly said: Directive;
  readonly scope: Scope;
  readonly listens: readonly Listen[];
  readonly names: readonly string[];
}

const NAME = /^(\*\.)?(?!-)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*$/;

export function readServer(said: Directive, http: Scope, { ledger }: HttpContext): Server {
  const scope = new Scope(said.body ?? [], http);
  ledger.take(said);
  const listens = scope.here('listen').flatMap((one) => readListen(one) ?? []);
  const names = new Set<string>();
  for (const one of scope.here('server_name')) {
    ledger.take(one);
    for (const text of one.args) {
      const name = text.toLowerCase().replace(/\.$/, '');
      if (NAME.test(name) && !/^[\d.]+$/.test(name)) names.add(name);
      else if (name.startsWith('.') && NAME.test(name.slice(1))) {
        names.add(name.slice(1));
        names.add(`*${name}`);
      } else if (/^(_+|!*|"*|-|[\d.]+|\[[\da-f:]+\]|[@#]+|\$hostname)$/.test(name))
        ledger.remark('own', one, `${text === '' ? 'an empty name' : text} is no name that clients ask for`);
      else ledger.remark('lost', one, `${text}: a host is a name such as www.example.com or *.example.com`);
    }
  }
  const plainly: Listen = { said, host: '', port: '80', parameters: [] };
  return {
    said,
    scope,
    listens: listens.length > 0 || scope.here('listen').length > 0 ? listens : [plainly],
    names: [...names],
  };
}

/** The address of a `listen`; undefined if it is a socket of Unix. */
export function readListen(said: Directive): Listen | undefined {
  const [address = '', ...parameters] = said.args;
  if (address.startsWith('unix:')) return undefined;
  if (/^\d+(-\d+)?$/.test(address)) return { said, host: '', port: address, parameters };
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d+(?:-\d+)?))?$/.exec(address);
  const [, host = '', port = '80'] = match ?? [];
  return { said, host: /^(\*|0\.0\.0\.0|\[::\])$/.test(host) ? '' : host, port, parameters };
}

/** Whether a server can only be reached from the host itself. */
export function isLoopback({ host }: Listen): boolean {
  return /^(127\.[\d.]+|localhost|\[::1\])$/.test(host);
}

/**
 * The sites of a server: one for its names, and one for each name that an `if` sends elsewhere. Empty if it closes its
 * connections, or nothing in it has a counterpart.
 */
export function sitesOf(server: Server, catchesAll: boolean, context: ServerContext): readonly Site[] {
  const { said, scope, names } = server;
  const { ledger } = context;
  const own = new Map<string, RedirectAnswer & { readonly said: Directive }>();
  let all: (RedirectAnswer & { readonly said: Directive }) | undefined;
  for (const one of scope.here('if')) {
    const condition = one.args
      .join(' ')
      .replace(/^\(\s*/, '')
      .replace(/\s*\)$/, '');
    const host = /^\$(?:host|http_host) = "?'?([\w.-]+)"?'?$/.exec(condition)?.[1]?.toLowerCase();
    const always =
      context.plain &&
      /^\$(scheme = "?'?http"?'?|scheme != "?'?https"?'?|https != "?'?on"?'?|https = "?'?(off)?"?'?|server_port = "?80"?)$/.test(
        condition,
      );
    const answers = one.body ?? [];
    const [answer] = answers;
    if (answers.length !== 1 || answer === undefined || (host === undefined && !always)) continue;
    const inner = new Scope(answers, scope);
    const read =
      answer.name === 'return'
        ? readReturn(answer, inner, context)
        : answer.name === 'rewrite'
          ? readRewrite(answer, inner, context)
          : undefined;
    const redirect = read === undefined ? undefined : settleRedirect(answer, read, context);
    if (redirect === undefined) continue;
    ledger.take(one);
    if (host === undefined) all ??= { ...redirect, said: answer };
    else if (!own.has(host)) own.set(host, { ...redirect, said: answer });
  }
  const singles = [...own].map(
    ([name, redirect]): Site => ({ names: [name], leaves: [redirectLeaf(redirect, scope, context)] }),
  );
  const rest = names.filter((name) => !own.has(name));
  const leftOver = names.length === 0 || rest.length > 0;
  const main = all ?? serverRedirect(server, context, !leftOver || (catchesAll && singles.length > 0));
  const leaves =
    main === 'none' ? [] : main === undefined ? leavesOf(scope, context) : [redirectLeaf(main, scope, context)];
  if (main !== undefined)
    for (const one of scope.here('location')) ledger.remark('own', one, 'never reached: the server answers before');
  if (leaves.length === 0) {
    if (singles.length === 0 && main !== 'none' && scope.here('ssl_reject_handshake')[0]?.args[0] === 'on')
      ledger.remark('own', said, 'other names get no answer');
    else if (singles.length === 0 && main !== 'none')
      ledger.remark('lost', said, `nothing in it leads to a target${names.length === 0 ? '' : `: ${names.join(' ')}`}`);
    return singles;
  }
  if (!leaves.some(({ path }) => path === '/*')) tellFiles(scope, context);
  const others: readonly Site[] = catchesAll
    ? [{ names: [], leaves }]
    : rest.length > 0
      ? [{ names: rest, leaves }]
      : [];
  return [...singles, ...others];
}

/** What a server answers whatever the path: a redirect, or nothing that counts (`none`). */
function serverRedirect(
  { said, scope }: Server,
  context: ServerContext,
  covered: boolean,
): (RedirectAnswer & { readonly said: Directive }) | 'none' | undefined {
  const { ledger } = context;
  const rewrite = scope.here('rewrite').find((one) => readRewrite(one, scope, context) !== undefined);
  const [answer] = [...scope.here('return'), ...(rewrite === undefined ? [] : [rewrite])];
  if (answer === undefined) return undefined;
  const read = answer.name === 'return' ? readReturn(answer, scope, context) : readRewrite(answer, scope, context);
  if (read?.kind === 'redirect') {
    const redirect = settleRedirect(answer, read, context);
    return redirect === undefined ? undefined : { ...redirect, said: answer };
  }
  if (read?.kind === 'closed') ledger.remark('own', answer, 'other names get no answer');
  else if (read?.kind === 'lost') ledger.remark('lost', answer, read.why);
  else if (covered) ledger.remark('own', answer, 'other names get no answer');
  else ledger.remark('differs', answer, `${said.text} is left out: its names get no answer, or that of other names`);
  return 'none';
}

function redirectLeaf(
  redirect: RedirectAnswer & { readonly said: Directive },
  scope: Scope,
  context: ServerContext,
): Leaf {
  for (const one of scope.here('allow', 'deny')) context.ledger.remark('own', one, 'a redirect answers before');
  const options = readOptions({ scope, module: 'proxy', redirects: true }, context);
  return { path: '/*', answer: { kind: 'redirect', to: redirect.to }, options, access: [], said: redirect.said };
}

function tellFiles(scope: Scope, { ledger }: ServerContext): void {
  for (const one of scope.all('root'))
    ledger.remark('lost', one, 'files are not served: paths that lead to no target get 404');
}
