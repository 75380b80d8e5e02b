import { FATES, type Fate, type Imported, type Remark } from './imported';
import { Call, printValue } from './typescript';

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
