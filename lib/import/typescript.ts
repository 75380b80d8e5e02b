import { Code } from './code';

const WIDTH = 100;

/** A call with one argument, such as `Forward.tcp({ … })`. */
export class Call {
  constructor(
    readonly name: string,
    readonly argument: unknown,
  ) {}
}

/** A value as TypeScript, as the formatter of this project would write it. */
export function printValue(value: unknown, indent: number): string {
  const flat = flatten(value);
  return flat.length + indent <= WIDTH ? flat : broken(value, indent);
}

function flatten(value: unknown): string {
  if (value instanceof Code) return value.text;
  if (value instanceof Call) return `${value.name}(${flatten(value.argument)})`;
  if (Array.isArray(value)) return `[${value.map(flatten).join(', ')}]`;
  if (typeof value === 'string') return quote(value);
  if (typeof value !== 'object' || value === null) return String(value);
  return `{ ${Object.entries(value)
    .map(([name, part]) => `${key(name)}: ${flatten(part)}`)
    .join(', ')} }`;
}

function broken(value: unknown, indent: number): string {
  const inner = ' '.repeat(indent + 2);
  const end = ' '.repeat(indent);
  if (value instanceof Call) return `${value.name}(${broken(value.argument, indent)})`;
  if (Array.isArray(value))
    return `[\n${value.map((part) => `${inner}${printValue(part, indent + 2)},\n`).join('')}${end}]`;
  if (typeof value !== 'object' || value === null || value instanceof Code) return flatten(value);
  const lines = Object.entries(value).map(([name, part]) => `${inner}${key(name)}: ${printValue(part, indent + 2)},\n`);
  return `{\n${lines.join('')}${end}}`;
}

function key(name: string): string {
  return /^[a-z_$][\w$]*$/i.test(name) ? name : quote(name);
}

function quote(text: string): string {
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${escaped.replaceAll(/[\u2028\u2029\u007f-\u009f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}'`;
}
