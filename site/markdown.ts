import { posix } from 'node:path';
import { renderMermaidSVG } from 'beautiful-mermaid';
import type { MarkdownRenderer } from 'vitepress';
import { addressOf } from './pages';
import { picturesByTheme, withoutBadges } from './pictures';

/** What VitePress tells about the page that is rendered. */
interface Env {
  /** The page's file, absolute. */
  readonly realPath?: string;
  readonly path: string;
}

/**
 * Renders the documents as they are written for GitHub.
 *
 * @param root the project's folder
 * @param repository the repository's web address, if it is known
 */
export function asOnGitHub(md: MarkdownRenderer, root: string, repository: string | undefined): void {
  const render = md.render.bind(md);
  // Two braces are text here, not an expression of Vue.
  md.render = (...args) => render(...args).replaceAll('{{', '&#123;&#123;');
  md.core.ruler.push('portway-links', ({ tokens, env }) => {
    const { realPath, path } = env as Env;
    const page = posix.relative(root, realPath ?? path);
    for (const { children } of tokens) {
      let plain = false;
      for (const token of children ?? []) {
        // A link to a file that stands nowhere on the web becomes its text.
        if (plain && token.type === 'link_close') [token.tag, plain] = ['span', false];
        if (token.type !== 'link_open' || token.info === 'auto') continue;
        const address = addressOf(page, token.attrGet('href') ?? '', repository);
        if (address !== undefined) token.attrSet('href', address);
        else {
          plain = true;
          token.tag = 'span';
          token.attrs = [];
        }
      }
    }
  });
  const html = md.renderer.rules.html_block;
  md.renderer.rules.html_block = (tokens, index, ...rest) => {
    const token = tokens[index];
    if (token !== undefined) token.content = picturesByTheme(withoutBadges(token.content));
    return html?.(tokens, index, ...rest) ?? token?.content ?? '';
  };
  const fence = md.renderer.rules.fence;
  md.renderer.rules.fence = (tokens, index, ...rest) => {
    const token = tokens[index];
    if (token?.info.trim() === 'mermaid') return `<div class="drawing">${drawing(token.content)}</div>\n`;
    return fence?.(tokens, index, ...rest) ?? '';
  };
}

/** A flow chart as SVG, in the site's colours of both themes. */
function drawing(source: string): string {
  // The program reads no slash in a name. Ids stand for the names, which become labels.
  const named = source.replace(/[\w-]+(?:\/[\w-]+)+/g, (name) => `${name.replaceAll('/', '_')}[${name}]`);
  const svg = renderMermaidSVG(named, { bg: 'var(--vp-c-bg)', fg: 'var(--vp-c-text-1)', transparent: true });
  return (
    svg
      // It would fetch a font from a stranger.
      .replace(/@import url\([^)]*\);/g, '')
      // Vue ignores a style in a page unless a component makes it.
      .replace(/<(\/?)style>/g, (_, end: string) => (end === '' ? '<component :is="\'style\'">' : '</component>'))
      .replace(/\n\s*\n/g, '\n')
  );
}
