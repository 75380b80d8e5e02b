import type { Ledger } from '../ledger';
import type { Directive } from './directives';
import type { Scope } from './scope';

/** Options of a place of an HTTP forward: what `routes` may have beside the target. */
export type Options = Readonly<Record<string, unknown>>;

/** What all places of a file share. */
export interface HttpContext {
  readonly ledger: Ledger;
  /** Of the block http: zones, maps. */
  readonly http: Scope;
}

export interface ServerContext extends HttpContext {
  readonly upstreams: ReadonlyMap<string, Directive>;
  readonly serverName: string | undefined;
  /** Whether clients speak plain HTTP. */
  readonly plain: boolean;
}
