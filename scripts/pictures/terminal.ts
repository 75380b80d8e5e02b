/** The reader's theme. GitHub shows the picture that goes with it. */
export const THEMES = ['light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** Colours by what a line is. */
const COLOURS: Readonly<Record<Theme, Readonly<Record<Kind | 'back' | 'frame', string>>>> = {
  light: {
    back: '#ffffff',
    frame: '#d0d7de',
    text: '#1f2328',
    command: '#0550ae',
    rule: '#8c959f',
    added: '#116329',
    removed: '#a40e26',
    remark: '#59636e',
  },
  dark: {
    back: '#0d1117',
    frame: '#30363d',
    text: '#e6edf3',
    command: '#79c0ff',
    rule: '#6e7681',
    added: '#7ee787',
    removed: '#ff9492',
    remark: '#9198a1',
  },
};

type Kind = 'text' | 'command' | 'rule' | 'added' | 'removed' | 'remark';

/** In SVG units, which are pixels on a page that is wide enough. */
const FONT = 14;
const LINE = 20;
const MARGIN = 16;
/** Each character has this width, so columns stay aligned whatever the reader's monospaced font is. */
const CHARACTER = 8.4;

/** Draws what a terminal shows, as an SVG picture without scripts, fonts or links. */
export function terminalPicture(lines: readonly string[], theme: Theme): string {
  const colours = COLOURS[theme];
  const width = Math.ceil(Math.max(...lines.map((line) => line.length)) * CHARACTER) + 2 * MARGIN;
  const height = lines.length * LINE + 2 * MARGIN;
  const texts = lines.flatMap((line, i) => {
    if (line.trim() === '') return [];
    const indent = line.length - line.trimStart().length;
    const [x, y] = [MARGIN + indent * CHARACTER, MARGIN + i * LINE + FONT];
    const length = (line.trim().length * CHARACTER).toFixed(1);
    // Without xml:space, a row of spaces would be shown as one.
    return `<text x="${x.toFixed(1)}" y="${y}" textLength="${length}" fill="${colours[kindOf(line)]}" xml:space="preserve">${escaped(line.trim())}</text>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${FONT}">`,
    `<title>${escaped(lines[0] ?? '')}</title>`,
    `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="6" fill="${colours.back}" stroke="${colours.frame}"/>`,
    ...texts,
    '</svg>',
    '',
  ].join('\n');
}

function kindOf(line: string): Kind {
  if (line.startsWith('$ ')) return 'command';
  if (/^[- ]*-[- ]*$/.test(line)) return 'rule';
  if (line.startsWith('# ') || line === '...') return 'remark';
  if (/ \+ /.test(line) || line.trimStart().startsWith('+ ')) return 'added';
  if (line.trimStart().startsWith('- ')) return 'removed';
  return 'text';
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
}
