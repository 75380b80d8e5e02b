import type { Known } from '../forward/known';
import type { Problems } from '../forward/problems';
import { readObject } from '../forward/read-object';
import type { WebForward } from '../forward/resolved';
import { type Block, block, type Line } from '../nginx/block';
import { ERROR_STATUSES, errorPlaceName, leadToErrorPlace, WITHOUT_PATH } from '../nginx/error-places';
import { REFUSED_HOST } from '../nginx/host';
import { countRefusal } from '../nginx/log-fields';
import { variableName } from '../nginx/names';
import { LEADS_TO_PLACE } from '../nginx/places';
import type { RequestFacts } from '../nginx/request-facts';
import type { HttpFeature } from './feature';
import type { HttpRoute } from './route';

/** @category Hosts and paths */
export interface ErrorsProps {
  /**
   * The page that clients get when the gateway itself answers with an error.
   * @default a small page that asks to try again
   */
  readonly errors?: ErrorPageProps;
}

/**
 * The page for errors that the gateway answers itself: 400, 403, 404, 413, 414, 429, 431, 502, 503 and 504, and
 * maintenance mode. Clients that accept JSON but not HTML get the same as JSON. Errors from targets pass unchanged.
 * @category Error pages
 */
export interface ErrorPageProps {
  /**
   * The heading, on one line of at most 60 characters.
   * @default 'Not available'
   */
  readonly title?: string;
  /**
   * What the reader can do now, on one line of at most 300 characters.
   * @default 'Please try again in a moment.'
   */
  readonly message?: string;
  /**
   * A whole page of your own, such as `readFileSync('error.html', 'utf8')`, of at most 3,500 bytes. `{{status}}` and
   * `{{request}}` become the status and the request's id. The page travels in user-data, so load images from
   * elsewhere.
   * @default a small page with title and message
   * @refused more than 3,500 bytes (quotes, line breaks, `$` and non-ASCII characters count more than once); carriage
   * returns
   */
  readonly html?: string;
}

/** The checked page; `html` is ASCII without a dollar. */
export interface ErrorPage {
  /** The place that sets it. All sites that inherit it share one page. */
  readonly id: string;
  readonly title: string;
  readonly message: string;
  readonly html?: string;
}

const PARTS: Known<ErrorPageProps> = { title: true, message: true, html: true };

const DEFAULT = { title: 'Not available', message: 'Please try again in a moment.' };

export interface ErrorsValues {
  readonly errors?: ErrorPage;
}

declare module './values' {
  interface SiteValues extends ErrorsValues {}
}

export const errors: HttpFeature<ErrorsProps, ErrorsValues> = {
  props: { errors: true },
  parts: { errors: PARTS },
  read(at, props, problems, { id }) {
    const page = readErrorPage(`${at}.errors`, props.errors, id, problems);
    return page === undefined ? {} : { errors: page };
  },
  nginx: {
    http: { order: 60, lines: ({ facts }) => defaultPages(facts) },
    forward: {
      order: 30,
      lines: ({ forward, facts }) => pagesOf(forward).map((page) => pageMap(pageVariable(page, forward), page, facts)),
    },
    serverEnd: { lines: ({ forward, site }) => errorPlace(site.errors, forward) },
    setting: {
      order: 50,
      lines: ({ route, leadsBeside, ownAnswers }) =>
        route !== undefined && ownAnswers && hasPages(route)
          ? [...leadToErrorPlace(route.id), ...(leadsBeside ? [LEADS_TO_PLACE] : [])]
          : [],
    },
    beside: {
      order: 40,
      blocks: ({ route, site, forward, answers, ownAnswers }) =>
        ownAnswers && hasPages(route) ? errorPlace(site.errors, forward, { id: route.id, lines: answers }) : [],
    },
  },
};

/** nginx allows 4096 bytes for one word of its configuration. Some are reserved for the request's id. */
const MAX_HTML = 3500;

export function readErrorPage(at: string, value: unknown, id: string, problems: Problems): ErrorPage | undefined {
  const example = "{ message: 'Call 555-0100.' }";
  const props = readObject(at, value, { parts: PARTS, example }, problems);
  if (props === undefined) return undefined;
  const text = (name: 'title' | 'message', max: number) => {
    const { [name]: text = DEFAULT[name] } = props;
    if (typeof text === 'string' && text.length >= 1 && text.length <= max && isText(text)) return text;
    problems.add(`${at}.${name}`, `must be a text of 1-${max} characters on one line`, text);
    return DEFAULT[name];
  };
  const page = { id, title: text('title', 60), message: text('message', 300) };
  const { html } = props;
  if (html === undefined) return page;
  if (typeof html !== 'string' || html.length === 0 || !isText(html, '\n\t')) {
    problems.add(`${at}.html`, 'must be a text with Unix line endings');
    return page;
  }
  const ascii = asciiHtml(html);
  // Each of these characters is escaped with a second byte.
  const bytes = ascii.length + (ascii.match(/["\\\n\t]/g)?.length ?? 0);
  if (bytes > MAX_HTML)
    problems.add(
      `${at}.html`,
      `must be at most ${MAX_HTML} bytes (quotes, line breaks and $ count more than once): load large parts from elsewhere`,
      bytes,
    );
  return { ...page, html: ascii };
}

/** Uses character references: nginx.conf is ASCII, and cannot express a dollar, which starts a variable. */
function asciiHtml(html: string): string {
  return [...html].map((c) => (c === '$' || c > '~' ? `&#${c.codePointAt(0)};` : c)).join('');
}

/** Without control characters and unpaired surrogates. */
function isText(text: string, allowed = ''): boolean {
  return ![...text].some((c) => /[\p{Cc}\p{Cs}]/u.test(c) && !allowed.includes(c));
}

/**
 * Once for all HTTP forwards: what clients get if no target answers. It is a named location: for a path, nginx would
 * repeat the server's own checks, and refuse the page too.
 */
function defaultPages(facts: RequestFacts): readonly Line[] {
  return [
    '',
    '# For requests without an answer; errors of a target are passed on.',
    `error_page ${ERROR_STATUSES} @portway;`,
    `error_page 400 414 ${WITHOUT_PATH};`,
    `error_page ${REFUSED_HOST} =400 @portway;`,
    'error_page 494 =431 @portway;',
    'error_page 497 =400 @portway;  # plain HTTP on a TLS port',
    'error_page 500 =503 @portway;  # a body does not fit on the disk',
    'types { text/html html; application/json json; }',
    block('map $http_accept $portway_form', ['~text/html html;', '~json json;', 'default html;']),
    `map $status $portway_title { ~^4(?!29) "Not accepted"; default "${DEFAULT.title}"; }`,
    `map $status $portway_detail { ~^4(?!29) "The request cannot be served as it is."; default "${DEFAULT.message}"; }`,
    pageMap('$portway_page', undefined, facts),
    "map $status $portway_pause { 429 1; 503 60; default ''; }  # seconds until it is worth another try",
  ];
}

/**
 * In each server. The first location counts the answer for the log; `return` would come too early. The new path gives
 * the answer its type, and `return 200` keeps the status of the error. A route whose answers have their own headers or
 * logs (`lines`) has further locations for them.
 */
function errorPlace(
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

function pageMap(variable: string, page: ErrorPage | undefined, facts: RequestFacts): Block {
  return block(`map $portway_form ${variable}`, [
    `json ${quote(json(page, facts))};`,
    `default ${quote(html(page, facts))};`,
  ]);
}

/** gRPC has no pages. */
function hasPages({ protocol }: HttpRoute): boolean {
  return protocol !== 'grpc';
}

/** Sites that inherit their page from the same place share one. */
function pagesOf({ sites }: WebForward): readonly ErrorPage[] {
  return [
    ...new Map(sites.flatMap((s) => (s.errors === undefined ? [] : [[s.errors.id, s.errors] as const]))).values(),
  ];
}

function pageVariable({ id }: ErrorPage, forward: WebForward): string {
  const place = pagesOf(forward).findIndex((page) => page.id === id);
  return variableName('page', `${forward.name}${place < 1 ? '' : `.${place + 1}`}`);
}

function html(page: ErrorPage | undefined, { requestId }: RequestFacts): string {
  // In braces, since a letter may follow.
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

/**
 * Text as HTML. Everything except plain characters becomes a number, so that neither a browser nor nginx can read
 * markup in it.
 */
function entities(text: string): string {
  return [...text].map((c) => (PLAIN.test(c) ? c : `&#${c.codePointAt(0)};`)).join('');
}

function jsonText(text: string): string {
  const units = Array.from({ length: text.length }, (_, i) => text.charAt(i));
  const asUnit = (c: string) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `"${units.map((c) => (PLAIN.test(c) ? c : asUnit(c))).join('')}"`;
}

const PLAIN = /^[A-Za-z0-9 .,:!?()@/-]$/;

/** A word of nginx.conf. All variables in it are ours, since no dollar is left of what users wrote. */
function quote(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\t', '\\t')}"`;
}
