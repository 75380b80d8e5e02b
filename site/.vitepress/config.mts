import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitepress';
import { headingId } from '../headings';
import { asOnGitHub } from '../markdown';
import { NO_PAGES, pageOf } from '../pages';
import { referenceSidebar } from '../reference';
import { sidebar } from '../sidebar';

const ROOT = join(import.meta.dirname, '..', '..');
/** The repository's web address. GitHub's workflows know it. */
const { GITHUB_SERVER_URL, GITHUB_REPOSITORY } = process.env;
const REPOSITORY = GITHUB_REPOSITORY === undefined ? undefined : `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}`;

const documents = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.md'))
  .map((file) => `docs/${file}`);

/** Pages lie outside of this folder, so what they are compiled to would not find its packages. */
const packagesFromHere: Plugin = {
  name: 'portway:packages-from-here',
  enforce: 'pre',
  resolveId(id, importer, options) {
    if (!/^vue(\/|$)/.test(id) || !importer?.endsWith('.md')) return null;
    return this.resolve(id, import.meta.filename, { ...options, skipSelf: true });
  },
};

/** The documents of the project as they are, in another order of folders. A link that leads nowhere fails the build. */
export default defineConfig({
  title: 'Portway',
  description: 'Port forwarding on an EC2 host, as an AWS CDK stack',
  // A project's pages on GitHub stand in a folder: /portway/.
  base: process.env.SITE_BASE ?? '/',
  srcDir: '..',
  srcExclude: NO_PAGES.map((folder) => `${folder}/**`),
  outDir: 'dist',
  cacheDir: 'node_modules/.vitepress',
  rewrites: pageOf,
  vite: { plugins: [packagesFromHere] },
  metaChunk: true,
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  locales: {
    root: { label: 'English', lang: 'en' },
    ko: { label: '한국어', lang: 'ko', link: '/ko/' },
  },
  markdown: {
    languageAlias: { iptables: 'bash' },
    anchor: { slugify: headingId },
    config: (md) => asOnGitHub(md, ROOT, REPOSITORY),
  },
  themeConfig: {
    // Only the first page has been translated.
    i18nRouting: false,
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Features', link: '/features' },
      { text: 'Options', link: '/options' },
      { text: 'Reference', link: '/reference/' },
    ],
    sidebar: { '/reference/': referenceSidebar(), '/': sidebar(ROOT, documents) },
    ...(REPOSITORY === undefined ? {} : { socialLinks: [{ icon: 'github' as const, link: REPOSITORY }] }),
  },
});
