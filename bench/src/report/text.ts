import { plainTable } from '../../../lib/plan/table';
import type { Verdict } from './bounds';
import type { Loss } from './compare';
import { number, range } from './numbers';

/** For a terminal: the bounds, and what got worse since the committed run. */
export function checkText(judged: readonly Verdict[], lost: readonly Loss[], compared: number): string {
  return [
    ...(judged.length === 0
      ? []
      : [plainTable(['must hold', 'bound', 'measured', 'spread', ''], judged.map(verdictRow))]),
    compared === 0
      ? 'no committed run of these scenarios to compare with'
      : `${compared} ratios compared with the committed run: ${lost.length === 0 ? 'none is worse beyond the spread' : `${lost.length} worse beyond the spread`}`,
    ...lost.map(lossLine),
  ].join('\n\n');
}

function verdictRow({ bound, value, measured, holds }: Verdict): string[] {
  const limit = bound.atLeast === undefined ? `<= ${number(bound.atMost ?? 0)}` : `>= ${number(bound.atLeast)}`;
  const spread = `${number(measured.lowest)} to ${number(measured.highest)}`;
  return [
    bound.title,
    limit,
    value < 2 ? `${Number(value.toFixed(3))}` : number(value),
    spread,
    holds ? 'pass' : 'MISSED',
  ];
}

function lossLine({ scenario, load, figure, contender, against, before, now }: Loss): string {
  return `${scenario}, ${load}: ${figure} of ${contender} to ${against} was ${range(before)}, is ${range(now)}`;
}
