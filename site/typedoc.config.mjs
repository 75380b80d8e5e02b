import { OptionDefaults } from 'typedoc';

/** The API reference: a page for each export of lib/index.ts, written from the docstrings. */
export default {
  name: 'API reference',
  entryPoints: ['../lib/index.ts'],
  tsconfig: 'tsconfig.reference.json',
  plugin: ['typedoc-plugin-markdown'],
  out: '.reference',
  // The project's own tag: what synth refuses.
  blockTags: [...OptionDefaults.blockTags, '@refused'],
  readme: 'none',
  flattenOutputFiles: true,
  entryFileName: 'index.md',
  hidePageHeader: true,
  hideBreadcrumbs: true,
  disableSources: true,
  excludePrivate: true,
  excludeProtected: true,
  // What classes of the CDK hand down stands in the CDK's own reference.
  excludeExternals: true,
  parametersFormat: 'table',
  // The pages are compiled as HTML.
  useHTMLEncodedBrackets: true,
  sanitizeComments: true,
  // Types of the model and of the CDK are named without a page.
  validation: { notExported: false, invalidLink: false, rewrittenLink: true, notDocumented: false },
  treatWarningsAsErrors: true,
  logLevel: 'Warn',
};
