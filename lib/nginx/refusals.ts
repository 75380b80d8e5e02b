import { type Block, block, type Line } from './block';
import { notFoundPage } from './error-places';

/** The place of a file that is not there. Asked for it, `try_files` answers as it is told, but only after the limits were counted. */
const NOTHING = '/.portway';

/**
 * What the gateway answers itself. `return` does so before nginx counts limits, so that whoever is refused could ask without end; where
 * there are limits, the answer comes from a place behind them.
 */
export function refuse(status: number, limited: boolean): Line {
  return limited ? `rewrite ^ ${NOTHING}/${status} last;` : `return ${status};`;
}

/** The places that `refuse` leads to. Their limits are those of the server that they stand in. */
export function refusalPlaces(statuses: readonly number[], limited: boolean): readonly Block[] {
  if (!limited) return [];
  return statuses.map((status) => refusalPlace(`${NOTHING}/${status}`, status, []));
}

/** A place of an answer with more to say, such as other limits. */
export function refusalPlace(path: string, status: number, lines: readonly Line[]): Block {
  return block(`location = ${path}`, ['internal;', ...lines, `try_files ${NOTHING} =${status};`]);
}

/** The answer to what no route of a site is there for. */
export function notFound(limited: boolean): Block {
  return block('location /', [notFoundPage(), limited ? `try_files ${NOTHING} =404;` : 'return 404;']);
}

/**
 * A redirect: as it stands, or behind the limits of its location. @returns the lines of the location, and a place beside it, with what
 * else its answers carry
 */
export function redirect(
  to: string,
  id: string,
  limited: boolean,
  answers: readonly Line[],
): { readonly lines: readonly Line[]; readonly places: readonly Block[] } {
  const answer = `return 308 ${to}$request_uri;`;
  if (!limited) return { lines: [answer], places: [] };
  const place = `@redirect-${id}`;
  return { lines: [`try_files ${NOTHING} ${place};`], places: [block(`location ${place}`, [...answers, answer])] };
}
