import { DEFAULT_ERROR_PAGE, type ErrorPage } from '../forward/error-page';
import type { HttpRoute, HttpSite } from '../forward/http-route';
import type { PortForward } from '../forward/resolved';
import { type Block, block, type Line } from './block';
import { variableName } from './names';
import type { RequestFacts } from './request-facts';

/**
 * Once for all HTTP forwards: what clients get where there is no answer of a target. A named location, since nginx would put a path
 * through the server's own checks again (and refuse the page too).
 */
export function errorPages(forwards: readonly PortForward[], facts: RequestFacts): readonly Line[] {
  return [
    '',
    '# Where no target answers; an error that a target answers itself is passed on.',
    `error_page 429 502 503 504 @portway${forwards.some(hasOwnPlaces) ? '$portway_answers' : ''};`,
    `error_page 500 =503 @portway${forwards.some(hasOwnPlaces) ? '$portway_answers' : ''};  # no room for a body`,
    `error_page 494 =431 @portway${forwards.some(hasOwnPlaces) ? '$portway_answers' : ''};`,
    'types { text/html html; application/json json; }',
    block('map $http_accept $portway_form', ['~text/html html;', '~json json;', 'default html;']),
    pageMap('$portway_page', DEFAULT_ERROR_PAGE, facts),
    "map $status $portway_pause { 429 1; 503 60; default ''; }  # seconds until it is worth another try",
  ];
}

/** The pages of a forward that has its own. */
export function ownPages(forward: PortForward, facts: RequestFacts): readonly Block[] {
  return pagesOf(forward).map((page) => pageMap(pageVariable(page, forward), page, facts));
}

/**
 * In each server. The new path gives the answer its type; `return 200` keeps the status of the error that led here. A route whose
 * answers have headers or logs of their own (`lines`) has a place for them beside it.
 */
export function errorPlace(
  page: ErrorPage | undefined,
  forward: PortForward,
  { id, lines }: { readonly id?: string; readonly lines: readonly Line[] } = { lines: [] },
): Block {
  return block(`location @portway${id === undefined ? '' : `-${id}`}`, [
    ...lines,
    'set $portway_retry $portway_pause;',
    'rewrite ^ /portway.$portway_form;',
    `return 200 ${page === undefined ? '$portway_page' : pageVariable(page, forward)};`,
  ]);
}

function pageMap(variable: string, page: ErrorPage, { requestId }: RequestFacts): Block {
  return block(`map $portway_form ${variable}`, [
    `json ${quote(json(page, requestId))};`,
    `default ${quote(html(page, requestId))};`,
  ]);
}

/** Whether the pages of a route have headers or logs other than those of its site. gRPC has no pages. */
export function hasOwnPlace({ options, protocol }: HttpRoute, site: HttpSite): boolean {
  if (protocol === 'grpc') return false;
  return (['headers', 'hideHeaders', 'logs'] as const).some((name) => options[name] !== site.options[name]);
}

function hasOwnPlaces({ sites }: PortForward): boolean {
  return sites.some((site) => site.routes.some((route) => hasOwnPlace(route, site)));
}

/** Leads the errors of a location to the place that has its headers and logs. */
export function ownErrorPlace(id: string): Line {
  return `set $portway_answers -${id};`;
}

/** Sites that take theirs from the same place share one. */
function pagesOf({ sites }: PortForward): readonly ErrorPage[] {
  return [...new Set(sites.flatMap((s) => s.errors ?? []))];
}

function pageVariable(page: ErrorPage, forward: PortForward): string {
  const place = pagesOf(forward).indexOf(page);
  return variableName('page', `${forward.name}${place < 1 ? '' : `.${place + 1}`}`);
}

function html({ title, message, html: whole }: ErrorPage, requestId: string): string {
  // In braces: a letter may come next.
  if (whole !== undefined)
    return whole.replaceAll('{{status}}', '$' + '{status}').replaceAll('{{request}}', `$\{${requestId.slice(1)}}`);
  return `<!doctype html><title>${entities(title)}</title><h1>${entities(title)}</h1><p>${entities(message)}<p>$status ${requestId}`;
}

function json({ title, message }: ErrorPage, requestId: string): string {
  return `{"status":$status,"title":${jsonText(title)},"detail":${jsonText(message)},"request":"${requestId}"}`;
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
