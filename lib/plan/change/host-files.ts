import { type FileTexts, unpackFiles } from '../../host/content/unpack';
import { pointerOf } from './resources';
import { gatewayId, ofType, type Resources, readableText } from './template';

/** Stands for the path of files that are packed in a way which this version does not read. */
export const UNREADABLE = 'packed files';

/** What a template says about its host's content. */
export interface HostContentFound {
  readonly files: FileTexts;
  /** User-data without what names the content: what makes a running host restart even with live changes. */
  readonly carrier: string;
}

/**
 * Reads the host's files back from a template: from its parameters. What is known only at deploy time stands there by its
 * name, such as `<App.PrivateIp>`.
 * @returns undefined if this version of Portway cannot read it
 */
export function readHostFiles(resources: Resources, gateway = gatewayId(resources)): HostContentFound | undefined {
  const instance = resources[gateway ?? ''];
  if (instance === undefined) return undefined;
  const userData = readableText(instance.Properties?.UserData);
  const values = parametersOf(resources);
  const pointer = pointerOf(resources);
  return pointer === undefined ? undefined : ofParts(userData, values, tokensOf(pointer));
}

/** Values of the stack's own parameters in Parameter Store, by the end of their names: `etc/portway/forwards.1`. */
function parametersOf(resources: Resources): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [, { Properties }] of ofType(resources, 'AWS::SSM::Parameter')) {
    const [, name] = /^\/portway\/[^/]+\/(.+)$/.exec(readableText(Properties?.Name)) ?? [];
    if (name !== undefined) found.set(name, readableText(Properties?.Value));
  }
  return found;
}

function ofParts(userData: string, values: ReadonlyMap<string, string>, tokens: readonly string[]): HostContentFound {
  const plain = new Map<string, string[]>();
  for (const value of values.values()) {
    const [, number, path = '', lines = ''] =
      /^#portway-part (\d+)\/\d+ \d+ (\S+)\n(.*)#portway-end$/s.exec(value) ?? [];
    if (number === undefined) continue;
    const parts = plain.get(path) ?? [];
    parts[Number(number) - 1] = decoded(lines, tokens);
    plain.set(path, parts);
  }
  const packed = pieces(values, /^programs\.(\d+)$/);
  const files = new Map([
    ...(packed === '' ? [] : readable(() => unpackFiles(packed), packed)),
    ...[...plain].map(([path, parts]) => [path, parts.join('')] as const),
  ]);
  // The pointer's name has a hash of the machine, and the URL the name of a condition: they follow from other changes.
  return { files, carrier: userData.replace(/^(PORTWAY_(POINTER|SIGNAL_URL)=|# value: ).*\n/gm, '') };
}

function readable(read: () => FileTexts, packed: string): FileTexts {
  try {
    return read();
  } catch {
    return new Map([[UNREADABLE, packed]]);
  }
}

/** The values whose names match, joined in the order of the number in the name. */
function pieces(values: ReadonlyMap<string, string>, name: RegExp): string {
  const found = [...values].flatMap(([key, value]) => {
    const number = name.exec(key)?.[1];
    return number === undefined ? [] : [[Number(number), value] as const];
  });
  return found
    .toSorted(([a], [b]) => a - b)
    .map(([, value]) => value)
    .join('');
}

/** The values that a pointer has for the placeholders of parts. */
function tokensOf(pointer: string): readonly string[] {
  try {
    return (JSON.parse(pointer.split('\n')[0] ?? '') as { values?: readonly string[] }).values ?? [];
  } catch {
    return [];
  }
}

/** A part's text as the host reads it: see `encodePart`. */
function decoded(text: string, tokens: readonly string[]): string {
  return text.replaceAll(/@\((brace|at|\d+)\)/g, (_, what: string) => {
    if (what === 'brace') return '{';
    return what === 'at' ? '@(' : (tokens[Number(what)] ?? `<value ${what}>`);
  });
}
