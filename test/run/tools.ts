import type { Missing, Tools } from '../../rehearsal/src/apt';
import { TOOLS } from '../../rehearsal/src/doctor';
import { ARM_TOOLS } from '../../rehearsal/src/vm/machine';
import type { Part } from './part';

/** What the tests need besides Node and what the rehearsal installs for itself. */
export const SHELL_TOOLS = { shellcheck: 'shellcheck', shfmt: 'shfmt' } satisfies Tools;

export const PYTHON_TOOLS = {
  python3: 'python3',
  // Debian packages venv's pip separately: without it, `python3 -m venv` exists but fails.
  'python3-venv': { package: 'python3-venv', probe: ['python3', '-c', 'import ensurepip, venv'] },
} satisfies Tools;

/** What the rehearsal needs, and its tests. */
export const LAB_TOOLS: Tools = { ...TOOLS, ...PYTHON_TOOLS, git: 'git' };

/** The same for machines of another architecture than this one's. */
export const ARM64_TOOLS: Tools = { ...LAB_TOOLS, ...ARM_TOOLS };

/** For looking at the rehearsal's report: Debian's browser, driven by playwright-core, which contains none. */
export const BROWSER_TOOLS = { chromium: 'chromium' } satisfies Tools;

/** All tools of several parts together. */
export function toolsOf(parts: readonly Part[]): Tools {
  return Object.assign({}, ...parts.map((part) => part.tools ?? {}));
}

/** Which missing tools keep a part from running; undefined if none. */
export function lacking(part: Part, missing: readonly Missing[]): string | undefined {
  const wanted = missing.filter(({ tool }) => part.tools !== undefined && tool in part.tools);
  if (wanted.length === 0) return undefined;
  const reasons = [...new Set(wanted.map(({ reason }) => reason))];
  return `${wanted.map(({ tool }) => tool).join(', ')} missing: ${reasons.join('; ')}`;
}
