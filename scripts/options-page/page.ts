import type { Prop } from './read-props';

const BEGIN = /^<!-- options: (.+) -->$/;
const END = '<!-- end of options -->';

/**
 * The page with its tables rewritten. Each table is between `<!-- options: <category> -->` and an end marker.
 * @throws Error if a category has no table on the page, or a table has no category
 */
export function writeTables(page: string, props: readonly Prop[]): string {
  const written = new Set<string>();
  const lines: string[] = [];
  let inside = false;
  for (const line of page.split('\n')) {
    const category = BEGIN.exec(line)?.[1];
    if (category !== undefined) {
      if (inside) throw new Error(`the table before "${category}" has no end marker`);
      const rows = props.filter((prop) => prop.category === category);
      if (rows.length === 0) throw new Error(`no prop has the category ${category}, which the page has a table for`);
      written.add(category);
      lines.push(line, '', ...table(rows), '', END);
      inside = true;
    } else if (line === END) inside = false;
    else if (!inside) lines.push(line);
  }
  if (inside) throw new Error('the last table has no end marker');
  const missing = new Set(props.map((prop) => prop.category).filter((category) => !written.has(category)));
  if (missing.size > 0) throw new Error(`the page has no table for ${[...missing].join(', ')}`);
  return lines.join('\n');
}

function table(props: readonly Prop[]): readonly string[] {
  return ['| prop | meaning | default | refused |', '| --- | --- | --- | --- |', ...props.map(row)];
}

function row({ path, text, standard, refused = '', required, see }: Prop): string {
  const meaning = [text, ...see.map(link)].join(' ');
  const cells = [`\`${path}\``, meaning, required ? 'required' : code(standard ?? ''), refused];
  return `|${cells.map((cell) => (cell === '' ? ' ' : ` ${cell.replaceAll('|', '\\|')} `)).join('|')}|`;
}

/** Quoted values and switches are shown as code. */
function code(standard: string): string {
  return standard.replaceAll(/(?<!`)('[^' ]*'|^(?:true|false)\b)/g, '`$1`');
}

function link(see: string): string {
  if (see.startsWith('docs/options.md')) return `[More](${see.replace('docs/options.md', '')})`;
  if (see.startsWith('docs/')) return `[More](${see.replace('docs/', '')})`;
  return `[${new URL(see).hostname.replace('www.', '')}](${see})`;
}
