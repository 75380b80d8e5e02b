import { DEFAULT_ERROR_PAGE, type ErrorPage } from '../forward/error-page';
import type { HttpRoute, HttpSite } from '../forward/http-route';
import type { WebForward } from '../forward/resolved';
import { type Block, block, type Line } from './block';
import { REFUSED_HOST } from './host';
import { countRefusal } from './log-fields';
import { variableName } from './names';
import type { RequestFacts } from './request-facts';

/** The answers of the gateway itself that have a page. 405 has none: its `Allow` belongs to the place that refused. */
const STATUSES = '403 413 429 502 503 504';

/** A request may be refused before its path is known; nginx then finds no named location. */
const WITHOUT_PATH = '/.portway/page';

/**
 * Once for all HTTP forwards: what clients get where there is no answer of a target. A named location, since nginx would put a path
 * through the server's own checks again (and refuse the page too).
 */
export function errorPages(facts: RequestFacts): readonly Line[] {
  return [
    '',
    '# Where no target answers; an error that a target answers itself is passed on.',
    `error_page ${STATUSES} @portway;`,
    `error_page 400 414 ${WITHOUT_PATH};`,
    `error_page ${REFUSED_HOST} =400 @portway;`,
    'error_page 494 =431 @portway;',
    'error_page 497 =400 @portway;  # plain HTTP on a port of TLS',
    'error_page 500 =503 @portway;  # no room for a body',
    'types { text/html html; application/json json; }',
    block('map $http_accept $portway_form', ['~text/html html;', '~json json;', 'default html;']),
    `map $status $portway_title { ~^4(?!29) "Not accepted"; default "${DEFAULT_ERROR_PAGE.title}"; }`,
    `map $status $portway_detail { ~^4(?!29) "The request cannot be served as it is."; default "${DEFAULT_ERROR_PAGE.message}"; }`,
    pageMap('$portway_page', undefined, facts),
    "map $status $portway_pause { 429 1; 503 60; default ''; }  # seconds until it is worth another try",
  ];
}

/** The pages of a forward that has its own. */
export function ownPages(forward: WebForward, facts: RequestFacts): readonly Block[] {
  return pagesOf(forward).map((page) => pageMap(pageVariable(page, forward), page, facts));
}

/**
 * In each server. The first place counts the answer for the log, which `return` would come before. The new path gives the answer its
 * type; `return 200` keeps the status of the error that led here. A route whose answers have headers or logs of their own (`lines`) has
 * places for them beside it.
 */
export function errorPlace(
  page: ErrorPage | undefined,
  forward: WebForward,
  { id, lines }: { readonly id?: string; readonly lines: readonly Line[] } = { lines: [] },
): readonly Block[] {
  const answer = id === undefined ? '@page' : `@page-${id}`;
  return [
    ...(id === undefined
      ? [block(`location = ${WITHOUT_PATH}`, ['internal;', 'client_max_body_size 0;', 'try_files /.portway @portway;'])]
      : []),
    block(`location ${errorPlaceName(id)}`, countRefusal(answer)),
    block(`location ${answer}`, [
      ...lines,
      'set $portway_retry $portway_pause;',
      'rewrite ^ /portway.$portway_form;',
      `return 200 ${page === undefined ? '$portway_page' : pageVariable(page, forward)};`,
    ]),
  ];
}

function errorPlaceName(id: string | undefined): string {
  return id === undefined ? '@portway' : `@portway-${id}`;
}

function pageMap(variable: string, page: ErrorPage | undefined, facts: RequestFacts): Block {
  return block(`map $portway_form ${variable}`, [
    `json ${quote(json(page, facts))};`,
    `default ${quote(html(page, facts))};`,
  ]);
}

/** Whether the pages of a route have headers or logs other than those of its site. gRPC has no pages. */
export function hasOwnPlace({ options, protocol }: HttpRoute, site: HttpSite): boolean {
  if (protocol === 'grpc') return false;
  return (['headers', 'hideHeaders', 'logs'] as const).some((name) => options[name] !== site.options[name]);
}

/** Leads the errors of a location to the place that has its headers and logs. nginx then takes no `error_page` from above. */
export function ownErrorPlace(id: string): readonly Line[] {
  return [`error_page 400 ${STATUSES} ${errorPlaceName(id)};`, `error_page 500 =503 ${errorPlaceName(id)};`];
}

/** Where nothing is. */
export function notFoundPage(): Line {
  return `error_page 400 404 ${STATUSES} ${errorPlaceName(undefined)};`;
}

/** Sites that take theirs from the same place share one. */
function pagesOf({ sites }: WebForward): readonly ErrorPage[] {
  return [...new Set(sites.flatMap((s) => s.errors ?? []))];
}

function pageVariable(page: ErrorPage, forward: WebForward): string {
  const place = pagesOf(forward).indexOf(page);
  return variableName('page', `${forward.name}${place < 1 ? '' : `.${place + 1}`}`);
}

function html(page: ErrorPage | undefined, { requestId }: RequestFacts): string {
  // In braces: a letter may come next.
  if (page?.html !== undefined)
    return page.html.replaceAll('{{status}}', '$' + '{status}').replaceAll('{{request}}', `$\{${requestId.slice(1)}}`);
  const title = page === undefined ? '$portway_title' : entities(page.title);
  const message = page === undefined ? '$portway_detail' : entities(page.message);
  return `<!doctype html><title>${title}</title><h1>${title}</h1><p>${message}<p>$status ${requestId}`;
}

function json(page: ErrorPage | undefined, { requestId }: RequestFacts): string {
  const title = page === undefined ? '"$portway_title"' : jsonText(page.title);
  const message = page === undefined ? '"$portway_detail"' : jsonText(page.message);
  return `{"status":$status,"title":${title},"detail":${message},"request":"${requestId}"}`;
}

/** Text as HTML: whatever is not plain is written as a number, so that nothing in it can be markup, to a browser or to nginx. */
function entities(text: string): string {
  return [...text].map((c) => (PLAIN.test(c) ? c : `&#${c.codePointAt(0)};`)).join('');
}

function jsonText(text: string): string {
  const units = Array.from({ length: text.length }, (_, i) => text.charAt(i));
  const asUnit = (c: string) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `"${units.map((c) => (PLAIN.test(c) ? c : asUnit(c))).join('')}"`;
}

const PLAIN = /^[A-Za-z0-9 .,:!?()@/-]$/;

/** A word of nginx.conf. Variables in it are ours: in what users wrote there is no dollar left. */
function quote(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\t', '\\t')}"`;
}
