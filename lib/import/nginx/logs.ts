import type { Ledger } from '../ledger';
import type { Options } from './context';
import type { Scope } from './scope';

/** `access_log off`. What is logged otherwise, and how, is Portway's own. */
export function readLogs(scope: Scope, ledger: Ledger): Options {
  const said = scope.all('access_log');
  const [first] = said;
  if (said.length !== 1 || first?.args[0] !== 'off') return {};
  ledger.take(first);
  return { logs: { level: 'none' } };
}
