const BEGIN = '<!-- bench: begin; written by `npm run bench -- --record` -->';
const END = '<!-- bench: end -->';

/** Puts a report between a document's markers. @throws Error if the document has no markers */
export function withReport(document: string, report: string): string {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`the document must hold the lines ${BEGIN} and ${END}`);
  return `${document.slice(0, begin)}${BEGIN}\n\n${report.trim()}\n\n${document.slice(end)}`;
}
