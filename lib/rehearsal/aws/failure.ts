/**
 * The lines of a CDK CLI log that say why it failed: the resources that failed with the event's whole reason, else the
 * CLI's own error. Never empty for a log with text: the last lines are better than nothing.
 */
export function essentialLines(log: string): string[] {
  const lines = log.split('\n').map((line) => line.trimEnd());
  const resources = lines.flatMap((line) => failedResource(line) ?? []);
  if (resources.length > 0) return [...new Set(resources)];
  const errors = lines.filter((line) => /^(❌|‣|\s*\[?Error\b|[A-Z]\w*Error:)/u.test(line)).map(bare);
  if (errors.length > 0) return [...new Set(errors)];
  return lines.filter((line) => line.trim() !== '').slice(-3);
}

/** `Stack | 5:38:15 PM | CREATE_FAILED | AWS::EC2::Instance | Host (HostB4E45AD7) reason`, with or without a counter column. */
function failedResource(line: string): string | undefined {
  const columns = line.split('|').map((column) => column.trim());
  const status = columns.findIndex((column) => /^[A-Z_]*_FAILED$/.test(column));
  const type = columns[status + 1];
  if (status < 1 || type === undefined || type === 'AWS::CloudFormation::Stack') return undefined;
  // The rest is one text: a reason may hold the column sign itself.
  const rest = columns.slice(status + 2).join(' | ');
  if (/Resource (creation|update) cancelled$/.test(rest)) return undefined;
  return `${columns[status]} ${type} ${rest}`;
}

function bare(line: string): string {
  return line.replace(/^[❌‣\s]+/u, '').trim();
}
