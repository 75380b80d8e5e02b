import type { Missing, Tools } from '../../rehearsal/src/apt';
import { TOOLS } from '../../rehearsal/src/doctor';
import { ARM_TOOLS } from '../../rehearsal/src/vm/machine';
import type { Part } from './part';

/** What the tests need beyond Node and what the rehearsal installs for itself. */
export const SHELL_TOOLS = { shellcheck: 'shellcheck', shfmt: 'shfmt' } satisfies Tools;

export const PYTHON_TOOLS = {
  python3: 'python3',
  // Debian splits venv's pip off: `python3 -m venv` is there without it, and fails.
  'python3-venv': { package: 'python3-venv', probe: ['python3', '-c', 'import ensurepip, venv'] },
} satisfies Tools;

/** What the rehearsal needs, and its tests. */
export const LAB_TOOLS: Tools = { ...TOOLS, ...PYTHON_TOOLS, git: 'git' };

/** The same for machines of another architecture than this one's. */
export const ARM64_TOOLS: Tools = { ...LAB_TOOLS, ...ARM_TOOLS };

/** What looks at the rehearsal's report: a browser of Debian's, driven by playwright-core, which brings none. */
export const BROWSER_TOOLS = { chromium: 'chromium' } satisfies Tools;

/** All tools of some parts together. */
export function toolsOf(parts: readonly Part[]): Tools {
  return Object.assign({}, ...parts.map((part) => part.tools ?? {}));
}

/** Why a part cannot run for want of tools, or undefined. */
export function lacking(part: Part, missing: readonly Missing[]): string | undefined {
  const wanted = missing.filter(({ tool }) => part.tools !== undefined && tool in part.tools);
  if (wanted.length === 0) return undefined;
  const reasons = [...new Set(wanted.map(({ reason }) => reason))];
  return `${wanted.map(({ tool }) => tool).join(', ')} missing: ${reasons.join('; ')}`;
}
