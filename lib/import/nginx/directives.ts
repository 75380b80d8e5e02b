import { ImportError, type Said } from '../imported';

/** A directive of nginx.conf, with those of its block. */
export interface Directive extends Said {
  readonly name: string;
  readonly args: readonly string[];
  readonly body?: readonly Directive[];
}

interface Token {
  readonly kind: 'word' | ';' | '{' | '}';
  readonly text: string;
  readonly line: number;
}

interface Open {
  readonly words: readonly Token[];
  readonly body: Directive[];
}

/** Blocks nest a few levels deep in practice. */
const DEEPEST = 50;

/**
 * The directives of a file, by nginx's own grammar. Blocks of Lua code are kept as one word.
 * @throws ImportError where the file breaks the grammar
 */
export function readDirectives(text: string, file: string): readonly Directive[] {
  const top: Directive[] = [];
  const open: Open[] = [];
  let words: Token[] = [];
  let line = 1;
  for (const token of tokens(text, file)) {
    line = token.line;
    const body = open.at(-1)?.body ?? top;
    if (token.kind === 'word') {
      words.push(token);
    } else if (token.kind === ';') {
      if (words.length === 0) continue;
      body.push(directive(file, words));
      words = [];
    } else if (token.kind === '{') {
      if (words.length === 0) throw new ImportError({ file, line }, 'a block has no name in front of {');
      if (open.length === DEEPEST) throw new ImportError({ file, line }, `blocks are nested more than ${DEEPEST} deep`);
      open.push({ words, body: [] });
      words = [];
    } else {
      if (words.length > 0)
        throw new ImportError({ file, line }, `${words[0]?.text} must end with ; before the block ends`);
      const block = open.pop();
      if (block === undefined) throw new ImportError({ file, line }, 'a } has no {');
      (open.at(-1)?.body ?? top).push(directive(file, block.words, block.body));
    }
  }
  if (open.length > 0) throw new ImportError({ file, line }, `the block of ${open.at(-1)?.words[0]?.text} has no }`);
  if (words.length > 0) throw new ImportError({ file, line }, `${words[0]?.text} must end with ;`);
  return top;
}

function directive(file: string, words: readonly Token[], body?: readonly Directive[]): Directive {
  const [first, ...rest] = words;
  const { text: name = '', line = 1 } = first ?? {};
  const args = rest.map((word) => word.text);
  const text = [name, ...args.map((arg) => (arg === '' || /[\s;{}]/.test(arg) ? JSON.stringify(arg) : arg))].join(' ');
  return { name, args, file, line, text, ...(body === undefined ? {} : { body }) };
}

function* tokens(text: string, file: string): Generator<Token> {
  let at = 0;
  let line = 1;
  let lua = false;
  // Of one kind each: blanks, comments, marks, quoted words, plain words. In a plain word ${ begins a variable.
  const next =
    /([\s\uFEFF]+)|(#[^\n]*)|([;{}])|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|((?:\$\{[^}\s]*\}|\\.|[^\s;{}"'\\])(?:\$\{[^}\s]*\}|\\.|[^\s;{}\\])*)/suy;
  while (at < text.length) {
    next.lastIndex = at;
    const match = next.exec(text);
    if (match === null)
      throw new ImportError({ file, line }, `cannot be read from here on: ${text.slice(at, at + 30).split('\n')[0]}`);
    const [all, , , mark, quoted, plain] = match;
    const here = line;
    at += all.length;
    line += all.split('\n').length - 1;
    if (mark === '{' && lua) {
      yield { kind: '{', text: '{', line: here };
      const end = endOfCode(text, at);
      line += text.slice(at, end).split('\n').length - 1;
      at = end;
      lua = false;
    } else if (mark !== undefined) {
      yield { kind: mark as ';', text: mark, line: here };
      lua = false;
    } else if (quoted !== undefined) {
      yield { kind: 'word', text: unquote(quoted), line: here };
    } else if (plain !== undefined) {
      lua ||= /_by_lua_block$|^(perl|js)_block$/.test(plain);
      yield { kind: 'word', text: plain, line: here };
    }
  }
}

/** nginx removes the backslash before a quote, a backslash and the letters of blanks only. */
function unquote(quoted: string): string {
  const blanks: Readonly<Record<string, string>> = { t: '\t', r: '\r', n: '\n' };
  return quoted.slice(1, -1).replaceAll(/\\(["'\\trn])/g, (_, letter: string) => blanks[letter] ?? letter);
}

/** Texts and comments of Lua, whose braces are no blocks. */
const LUA = /--\[\[.*?\]\]|--[^\n]*|\[\[.*?\]\]|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|[{}]/gs;

/** Where the brace stands that closes a block of code. */
function endOfCode(text: string, from: number): number {
  let depth = 1;
  LUA.lastIndex = from;
  for (let match = LUA.exec(text); match !== null; match = LUA.exec(text)) {
    if (match[0] === '{') depth += 1;
    if (match[0] === '}') depth -= 1;
    if (depth === 0) return match.index;
  }
  return text.length;
}
