import { DEFAULT_ERROR_PAGE, type ErrorPage } from '../forward/error-page';
import { type Block, block, type Line } from './block';
import type { RequestFacts } from './request-facts';

/**
 * Once for all HTTP forwards: what clients get where there is no answer of a target. Named locations, since nginx would put a path
 * through the server's own checks again (and refuse the page too).
 */
export function errorPages({ requestId }: RequestFacts): readonly Line[] {
  return [
    '',
    '# Where no target answers; an error that a target answers itself is passed on.',
    block('map $http_accept $portway_form', ['~text/html html;', '~json json;', 'default html;']),
    'error_page 429 502 503 504 @portway_$portway_form;',
    block('map $portway_form $portway_page', [
      `html ${quote(html(DEFAULT_ERROR_PAGE, requestId))};`,
      `json ${quote(json(DEFAULT_ERROR_PAGE, requestId))};`,
    ]),
    "map '' $portway_own { default ''; }",
    "map $portway_own $portway_retry { default ''; 429 1; 503 60; }  # seconds",
  ];
}

/** In each server. `return 200` keeps the status of the error that led here. */
export function errorPlaces(page: ErrorPage | undefined, { requestId }: RequestFacts): readonly Block[] {
  const answer = (text: string) => `return 200 ${page === undefined ? '$portway_page' : quote(text)};`;
  const own = page ?? DEFAULT_ERROR_PAGE;
  return [
    block('location @portway_html', ['set $portway_own $status;', answer(html(own, requestId))]),
    block('location @portway_json', [
      'set $portway_own $status;',
      'default_type application/json;',
      answer(json(own, requestId)),
    ]),
  ];
}

function html({ title, message, html: whole }: ErrorPage, requestId: string): string {
  if (whole !== undefined) {
    return [...whole.replaceAll(/\{\{(status|request)\}\}/g, (_, name) => (name === 'status' ? '\0' : '\x01'))]
      .map((c) => (c === '\0' ? '$status' : c === '\x01' ? requestId : asHtml(c)))
      .join('');
  }
  return `<!doctype html><meta name=viewport content='width=device-width'><title>${entities(title)}</title><h1>${entities(title)}</h1><p>${entities(message)}<p><small>$status ${requestId}</small>`;
}

function json({ title, message }: ErrorPage, requestId: string): string {
  return `{"status":$status,"title":${jsonText(title)},"detail":${jsonText(message)},"request":"${requestId}"}`;
}

/** One character of a page that is HTML already; nginx has no way to write a dollar, and the file is ASCII. */
function asHtml(c: string): string {
  return c === '$' || c > '~' ? `&#${c.codePointAt(0)};` : c;
}

/** Text as HTML: whatever is not plain is written as a number, so that nothing in it can be markup, to a browser or to nginx. */
function entities(text: string): string {
  return [...text].map((c) => (/[A-Za-z0-9 .,:!?()@/-]/.test(c) ? c : `&#${c.codePointAt(0)};`)).join('');
}

function jsonText(text: string): string {
  const plain = text.replaceAll(
    /[^A-Za-z0-9 .,:!?()@/-]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${plain}"`;
}

/** A word of nginx.conf. Variables in it are ours: in what users wrote there is no dollar left. */
function quote(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\t', '\\t')}"`;
}
