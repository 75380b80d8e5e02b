import { BALANCES, type Balance, buckets, isSticky, MAX_BUCKETS } from './balance';
import type { Problems } from './problems';
import { readOneOf } from './read-value';
import type { Target } from './target';

/** The balance of a forward, host or path; undefined if unset or invalid. */
export function readBalance<By extends keyof typeof BALANCES>(
  at: string,
  value: unknown,
  by: By,
  problems: Problems,
): (typeof BALANCES)[By][number] | undefined {
  const known: readonly (typeof BALANCES)[By][number][] = BALANCES[by];
  return readOneOf(`${at}.balance`, value, known, problems, by === 'http' ? ' for HTTP' : ` on ${by}`);
}

/** The rules that involve balance and targets together. `at` is the place that has the targets. */
export function checkBalance(
  at: string,
  {
    balance,
    targets,
    by,
  }: { readonly balance: Balance; readonly targets: readonly Target[]; readonly by: keyof typeof BALANCES },
  problems: Problems,
): void {
  const backup = targets.find((t) => t.backup);
  if (backup !== undefined && by === 'iptables')
    problems.add(`${at}.to`, "must have no backup on iptables: write engine: 'nginx', or use healthCheck");
  else if (backup !== undefined && isSticky(balance))
    problems.add(
      `${at}.to`,
      `must have no backup where balance is '${balance}': nginx gives every client a place among all targets`,
    );
  else if (targets.length > 0 && targets.every((t) => t.backup))
    problems.add(`${at}.to`, 'must hold a target that is no backup');
  if (by !== 'iptables' || balance !== 'source') return;
  const places = buckets(targets.map((t) => t.weight)).reduce((sum, n) => sum + n, 0);
  if (places > MAX_BUCKETS)
    problems.add(
      `${at}.to`,
      `must have weights that add up to at most ${MAX_BUCKETS} where balance is 'source' (2 and 4 count as 1 and 2)`,
      places,
    );
}
