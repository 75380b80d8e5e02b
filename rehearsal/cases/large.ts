import { Forward } from '../../lib/forward/forward';
import type { Version } from '../src/case';
import { VPC } from '../src/network/addresses';
import { NEW, OLD } from './changes';

const [ONE, OTHER] = VPC.backends;

/** Port on which nginx shares connections between two backends, in every content. */
export const POOL = 81;
/** The backends' application, which both forwards lead to. */
const to = [`${ONE}:8080`, `${OTHER}:8080`] as const;

const content = (listen: number) =>
  ({
    web: Forward.http({ listen: 80, to: 8080 }),
    pool: Forward.http({ listen: POOL, to }),
    shop: Forward.tcp({ listen, to, engine: 'iptables', healthCheck: { interval: 1 } }),
  }) as const;

const onChange = 'restart';

/** The first content of `LARGE`, as users get it by default. */
export const LARGE_LIVE = { first: { forwards: content(OLD) } } as const satisfies Record<string, Version>;

/** Contents of one stack with most features of both engines. */
export const LARGE = {
  first: { onChange, forwards: content(OLD) },
  second: { onChange, forwards: content(NEW) },
} as const satisfies Record<string, Version>;
