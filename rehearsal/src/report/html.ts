/** Text that is already markup. All other text is escaped when it is put into a page. */
export class Markup {
  constructor(readonly text: string) {}
}

/** What a template may hold. False and undefined give nothing. */
export type Content = Markup | string | number | false | undefined | readonly Content[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * A template of HTML or SVG. Values are escaped, in text and in quoted attributes, unless they are a template's result.
 */
export function html(strings: TemplateStringsArray, ...values: Content[]): Markup {
  return new Markup(strings.reduce((page, text, i) => page + written(values[i - 1]) + text));
}

function written(content: Content): string {
  if (content instanceof Markup) return content.text;
  if (typeof content === 'object') return content.map(written).join('');
  if (content === undefined || content === false) return '';
  return String(content).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
