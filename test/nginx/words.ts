/** A directive as nginx reads it. */
export interface Directive {
  readonly depth: number;
  /** Its name, then its parameters, without quotes. */
  readonly words: readonly string[];
}

/**
 * Parses a configuration by the rules of nginx's own parser (ngx_conf_read_token): words end at whitespace, `;` and `{`; a word that begins
 * with a quote ends with one; a backslash escapes the next character; `#` at the beginning of a word starts a comment.
 * @throws Error where nginx would reject it
 */
export function readDirectives(text: string): readonly Directive[] {
  const found: Directive[] = [];
  let words: string[] = [];
  let depth = 0;
  let i = 0;
  const end = () => {
    if (words.length === 0) throw new Error(`no directive before character ${i}`);
    found.push({ depth, words });
    words = [];
  };
  while (i < text.length) {
    const c = text.charAt(i);
    if (/[ \t\r\n]/.test(c)) i++;
    else if (c === '#') i = lineEnd(text, i);
    else if (c === ';') {
      end();
      i++;
    } else if (c === '{') {
      end();
      depth++;
      i++;
    } else if (c === '}') {
      if (words.length > 0 || depth === 0) throw new Error(`a bracket too many at character ${i}`);
      depth--;
      i++;
    } else {
      const { word, next } = readWord(text, i);
      words.push(word);
      i = next;
    }
  }
  if (depth > 0 || words.length > 0) throw new Error('it ends too early');
  return found;
}

function lineEnd(text: string, from: number): number {
  const at = text.indexOf('\n', from);
  return at < 0 ? text.length : at;
}

function readWord(text: string, from: number): { readonly word: string; readonly next: number } {
  const quote = /["']/.test(text.charAt(from)) ? text.charAt(from) : undefined;
  let word = '';
  let i = quote === undefined ? from : from + 1;
  for (; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === '\\') {
      word += c + text.charAt(i + 1);
      i++;
    } else if (quote !== undefined && c === quote) {
      if (!/[ \t\r\n;{)]/.test(text.charAt(i + 1))) throw new Error(`no blank after a quote at character ${i}`);
      return { word, next: i + 1 };
    } else if (quote === undefined && (/[ \t\r\n;]/.test(c) || (c === '{' && text.charAt(i - 1) !== '$'))) {
      return { word, next: i };
    } else word += c;
  }
  throw new Error('a word without an end');
}
