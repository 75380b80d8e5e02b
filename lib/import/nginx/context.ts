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
  /** The block `server`, for what it does not say. */
  readonly server: Directive;
  readonly serverName: string | undefined;
  /** Whether clients speak plain HTTP. */
  readonly plain: boolean;
  /** Whether clients need not name the port: 80, or 443 over TLS. */
  readonly usualPort: boolean;
}
