import { Code } from './code';
import { FATES, type Fate, type Imported, type Remark } from './imported';

const WIDTH = 100;

const TITLES: Readonly<Record<Fate, string>> = {
  unprotected: 'UNPROTECTED: this kept somebody out, and the forwards below do not',
  lost: 'Not translated',
  differs: 'Translated, but not to the letter',
  own: 'Needs no counterpart',
};

/** A file of TypeScript with the forwards, and above them what is not translated word for word. */
export function printImported({ forwards, gateway, remarks }: Imported, file: string): string {
  const body = printValue(
    {
      ...gateway,
      forwards: Object.fromEntries(
        Object.entries(forwards).map(([name, { kind, props }]) => [name, new Call(`Forward.${kind}`, props)]),
      ),
    },
    0,
  );
  const names = ['Forward', 'type PortwayStackProps', ...(body.includes('Tls.') ? ['Tls'] : [])];
  return [
    `import { ${names.join(', ')} } from 'portway';`,
    '',
    `// Made by portway import ${oneLine(file)}`,
    ...printRemarks(remarks).map((line) => (line === '' ? '//' : `// ${line}`)),
    `export const imported = ${body} satisfies Partial<PortwayStackProps>;`,
    '',
  ].join('\n');
}

/** The remarks by fate. Those that need nothing to be done are one line for each reason. */
export function printRemarks(remarks: readonly Remark[]): readonly string[] {
  return FATES.flatMap((fate) => {
    const all = remarks.filter((remark) => remark.fate === fate);
    if (all.length === 0) return [];
    return [
      '',
      `${TITLES[fate]}:`,
      ...(fate === 'own'
        ? byReason(all)
        : all.map((one) => `  ${placeOf(one)} ${oneLine(one.text)}: ${oneLine(one.why)}`)),
    ];
  });
}

function byReason(remarks: readonly Remark[]): readonly string[] {
  const reasons = new Map<string, string[]>();
  for (const one of remarks)
    reasons.set(one.why, [...(reasons.get(one.why) ?? []), `${nameOf(one)} (${placeOf(one)})`]);
  return [...reasons].map(([why, all]) => `  ${oneLine(why)}: ${all.join(', ')}`);
}

/** The directive's name; a rule has none. */
function nameOf({ text }: Remark): string {
  const [name = ''] = text.split(' ');
  return /^[a-z_]+$/.test(name) && !text.includes(' handle ') ? name : 'rule';
}

function placeOf({ file, line }: Remark): string {
  return `${oneLine(file)}:${line}`;
}

/** Texts of a file stay in their comment, and control nothing on a terminal. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, ' ');
}

class Call {
  constructor(
    readonly name: string,
    readonly argument: unknown,
  ) {}
}

/** A value as TypeScript, as the formatter of this project would write it. */
function printValue(value: unknown, indent: number): string {
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
