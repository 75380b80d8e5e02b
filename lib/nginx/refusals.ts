import { type Block, block, type Line } from './block';
import { notFoundPage } from './error-places';

/**
 * The path of a file that does not exist. `try_files` then gives the chosen answer, but only after the limits were
 * counted.
 */
export const NOTHING = '/.portway';

/**
 * An answer of the gateway itself. `return` answers before nginx counts limits, so refused clients could go on asking
 * without bound. Where there are limits, a location behind them answers.
 */
export function refuse(status: number, limited: boolean): Line {
  return limited ? `rewrite ^ ${NOTHING}/${status} last;` : `return ${status};`;
}

/** The locations that `refuse` leads to. The limits of their server apply. */
export function refusalPlaces(statuses: readonly number[], limited: boolean): readonly Block[] {
  if (!limited) return [];
  return statuses.map((status) => refusalPlace(`${NOTHING}/${status}`, status, []));
}

/** Such a location with further lines, such as other limits. */
export function refusalPlace(path: string, status: number, lines: readonly Line[]): Block {
  return block(`location = ${path}`, ['internal;', ...lines, `try_files ${NOTHING} =${status};`]);
}

/** The answer for paths without a route. */
export function notFound(limited: boolean): Block {
  return block('location /', [notFoundPage(), limited ? `try_files ${NOTHING} =404;` : 'return 404;']);
}
