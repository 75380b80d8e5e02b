import { clock } from '../told';
import type { Drift, DriftLab, Drifts } from './lab';

/** @param at seconds from now, of each line */
const said =
  (lines: (lab: DriftLab) => readonly string[], at?: readonly number[]): Drift['by'] =>
  (lab) =>
    lab.say(lines(lab), at);

/** What the host itself tells on its console. */
export const ON_THE_CONSOLE: Drifts = {
  'older content, put back on the host': {
    by: said(() => [`content ${'0123456789abcdef'.repeat(4)} runs`]),
    found: /^the host must run content [0-9a-f]{16}, and says that it runs 0123456789abcdef since 20\S+Z: somebody ran/,
  },
  'paused on the host': {
    by: said((lab) => [`content ${lab.promised.files} runs, paused until ${clock(1800)}`]),
    found: /^the host was paused by hand until 20\S+Z: no deploy reaches it/,
  },
  'rules that somebody holds against it': {
    by: said(() => Array(2).fill('WARNING: could not be put right: rules: PORTWAY-DNAT'), [-300, 0]),
    found: /cannot put this right: rules: PORTWAY-DNAT$/,
  },
  'another program that changes it again and again': {
    by: said(() => [
      ...['changed by others: nginx stopped', 'put right'],
      `WARNING: 3 times within 5 min somebody changed what had been put right: left alone until ${clock(300)}. Find the other program`,
    ]),
    found: /^the host says that others change it again and again: it leaves that alone until 20/,
  },
};
