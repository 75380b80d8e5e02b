/** The parts of a document that a command writes, with the options that write them. */
const PARTS = {
  bench: '--record',
  ways: '--count --record',
  count: '--count --record',
  capacity: '--count --record',
  synth: '--synth --record',
} as const;

/** Puts a report between a document's markers. @throws Error if the document has no markers */
export function withReport(document: string, report: string, part: keyof typeof PARTS = 'bench'): string {
  const begin = `<!-- ${part}: begin; written by \`npm run bench -- ${PARTS[part]}\` -->`;
  const end = `<!-- ${part}: end -->`;
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from === -1 || to < from) throw new Error(`the document must hold the lines ${begin} and ${end}`);
  return `${document.slice(0, from)}${begin}\n\n${report.trim()}\n\n${document.slice(to)}`;
}
