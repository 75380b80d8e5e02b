/**
 * `<picture>` follows the system's colours; the site has a switch of its own. Both pictures are laid into the page, and the
 * style shows the one of the theme.
 */
export function picturesByTheme(html: string): string {
  return html.replace(
    /<picture>\s*<source media="\(prefers-color-scheme: dark\)" srcset="([^"]+)">\s*<img alt="([^"]*)" src="([^"]+)">\s*<\/picture>/g,
    (_, dark: string, alt: string, light: string) =>
      `<p><img class="when-light" alt="${alt}" src="${here(light)}"><img class="when-dark" alt="${alt}" src="${here(dark)}"></p>`,
  );
}

/** Leaves out the badges of workflows, which GitHub draws, and whose addresses lead nowhere elsewhere. */
export function withoutBadges(html: string): string {
  return html.replace(/<p>(?:<a href="\.\.\/\.\.\/actions\/workflows\/[\w.-]+"><img [^>]+><\/a>)+<\/p>\n?/g, '');
}

/** Vite bundles a picture only if its address begins with a dot. */
const here = (address: string) => (/^(?:[a-z]+:|[./])/.test(address) ? address : `./${address}`);
