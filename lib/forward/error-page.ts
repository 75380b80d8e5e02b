import { ERROR_PAGE } from './known-props';
import type { Problems } from './problems';
import { readObject } from './read-object';

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
  readonly title: string;
  readonly message: string;
  readonly html?: string;
}

export const DEFAULT_ERROR_PAGE: ErrorPage = { title: 'Not available', message: 'Please try again in a moment.' };

/** What nginx takes as one word of its configuration is 4096 bytes, some of which are kept for the request's id. */
const MAX_HTML = 3500;

export function readErrorPage(at: string, value: unknown, problems: Problems): ErrorPage | undefined {
  const example = "{ message: 'Call 555-0100.' }";
  const props = readObject(at, value, { parts: ERROR_PAGE, example }, problems);
  if (props === undefined) return undefined;
  const text = (name: 'title' | 'message', max: number) => {
    const { [name]: given = DEFAULT_ERROR_PAGE[name] } = props;
    if (typeof given === 'string' && given.length >= 1 && given.length <= max && isText(given)) return given;
    problems.add(`${at}.${name}`, `must be a text of 1-${max} characters on one line`, given);
    return DEFAULT_ERROR_PAGE[name];
  };
  const page = { title: text('title', 60), message: text('message', 300) };
  const { html } = props;
  if (html === undefined) return page;
  if (typeof html !== 'string' || html.length === 0 || !isText(html, '\n\t')) {
    problems.add(`${at}.html`, 'must be a text with Unix line endings');
    return page;
  }
  const ascii = asciiHtml(html);
  // Each of these takes a second byte there.
  const bytes = ascii.length + (ascii.match(/["\\\n\t]/g)?.length ?? 0);
  if (bytes > MAX_HTML)
    problems.add(
      `${at}.html`,
      `must be at most ${MAX_HTML} bytes (quotes, line breaks and $ count more than once): load what is large from elsewhere`,
      bytes,
    );
  return { ...page, html: ascii };
}

/** As references to characters: nginx.conf is ASCII, and has no way to write a dollar, which is the beginning of a variable. */
function asciiHtml(html: string): string {
  return [...html].map((c) => (c === '$' || c > '~' ? `&#${c.codePointAt(0)};` : c)).join('');
}

/** No control characters, and no halves of characters. */
function isText(text: string, allowed = ''): boolean {
  return ![...text].some((c) => /[\p{Cc}\p{Cs}]/u.test(c) && !allowed.includes(c));
}
