import path from 'node:path';
import { byExitCode, type Part } from '../part';
import { checkersPython } from '../python';
import { PYTHON_TOOLS } from '../tools';

/** GitHub's workflows: pinned actions, least permissions, no code from strangers' text. What is accepted says so in its line. */
export const workflows: Part = {
  name: 'workflows',
  groups: ['static', 'lint', 'security'],
  about: "GitHub's workflows and Dependabot's settings: zizmor",
  tools: PYTHON_TOOLS,
  limitMinutes: 2,
  async run(context) {
    const zizmor = path.join(path.dirname(await checkersPython(context)), 'zizmor');
    // Offline: known weaknesses of actions are for Dependabot, and a test must not depend on today's.
    return byExitCode(await context.command(zizmor, ['--offline', '--no-progress', '--color=never', '.github']));
  },
};
