import { lineMatches, linesMatch, UNKNOWN } from './pattern';

/** The most lines to show from each side. */
const SHOWN = 6;

/**
 * Compares a text by lines: those that went (-) and those that came (+), below a head line.
 * @returns one difference, or none
 */
export function lineDifferences(head: string, promised: readonly string[], found: readonly string[]): string[] {
  if (linesMatch(promised, found)) return [];
  const gone = readable(promised).filter((must) => !found.some((is) => lineMatches(must, is)));
  const come = readable(found).filter((is) => !promised.some((must) => lineMatches(must, is)));
  return [
    [
      head,
      ...shown('-', gone),
      ...shown('+', come),
      ...(gone.length + come.length === 0 ? ['  (in its compressed part, or in the order of its lines)'] : []),
    ].join('\n'),
  ];
}

/** Distinct lines, without the compressed part. */
function readable(lines: readonly string[]): readonly string[] {
  const packed = lines.indexOf('#portway-fetch');
  return [...new Set(packed < 0 ? lines : lines.slice(0, packed))];
}

function shown(sign: string, lines: readonly string[]): string[] {
  const first = lines.slice(0, SHOWN).map((line) => `  ${sign} ${line.replaceAll(UNKNOWN, '…').slice(0, 160)}`);
  return lines.length > SHOWN ? [...first, `  ${sign} and ${lines.length - SHOWN} more lines`] : first;
}
