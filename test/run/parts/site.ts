import path from 'node:path';
import { failed, type Part } from '../part';
import { BROWSER_TOOLS } from '../tools';
import { jestPart } from './jest';

const SITE_TESTS = jestPart({ name: 'site', about: '', limitMinutes: 10, flags: ['--runInBand'] });

/** Before each address of the built site, as on GitHub, where a project's pages stand in a folder. */
const BASE = '/portway/';

/** The documents as a site: installed, built and looked at. Nightly, since it installs packages of its own. */
export const site: Part = {
  name: 'site',
  nightly: true,
  about: 'the documents as a site: built with the API reference, every link followed, looked at in headless Chromium',
  tools: BROWSER_TOOLS,
  limitMinutes: 10,
  async run(context) {
    const { root, command } = context;
    const cwd = path.join(root, 'site');
    const env = { SITE_BASE: BASE };
    for (const args of [
      ['ci', '--no-audit', '--no-fund'],
      ['run', 'typecheck'],
      ['run', 'build'],
    ])
      if ((await command('npm', args, { cwd, env })) !== 0) return failed(`npm ${args.join(' ')} failed in site/`);
    return SITE_TESTS.run({
      ...context,
      command: (program, words, options) => command(program, words, { ...options, env: { ...options?.env, ...env } }),
    });
  },
};
