/**
 * The lines of a CDK CLI log that explain a failure: the failed resources with the events' full reasons, else the CLI's
 * own error. Never empty for a log with text: then it is the last lines.
 */
export function essentialLines(log: string): string[] {
  const lines = log.split('\n').map((line) => line.trimEnd());
  const resources = lines.flatMap((line) => failedResource(line) ?? []);
  if (resources.length > 0) return [...new Set(resources)];
  const errors = lines.filter((line) => /^(❌|‣|\s*\[?Error\b|[A-Z]\w*Error:)/u.test(line)).map(bare);
  if (errors.length > 0) return [...new Set(errors)];
  const last = lines.filter((line) => line.trim() !== '').slice(-3);
  // If the app itself failed, its own message is above the CLI's remark about the exit status.
  const own = last.filter((line) => !/: Subprocess exited with error \d+$/.test(line));
  return own.length > 0 ? own : last;
}

/**
 * `Stack | 5:38:15 PM | CREATE_FAILED | AWS::EC2::Instance | Host (HostB4E45AD7) reason`, with or without a counter
 * column. The reason is taken whole, since it may contain the column separator.
 */
const FAILED_RESOURCE = /\|\s*(?<status>[A-Z_]*_FAILED)\s*\|\s*(?<type>[\w:.-]+)\s*\|\s?(?<rest>.*)$/;

function failedResource(line: string): string | undefined {
  const found = FAILED_RESOURCE.exec(line)?.groups as { status: string; type: string; rest: string } | undefined;
  if (found === undefined || found.type === 'AWS::CloudFormation::Stack') return undefined;
  if (/Resource (creation|update) cancelled$/.test(found.rest)) return undefined;
  return `${found.status} ${found.type} ${found.rest.trim()}`;
}

function bare(line: string): string {
  return line.replace(/^[❌‣\s]+/u, '').trim();
}
