import { Forward } from '../../../lib/forward/forward';
import { Tls } from '../../../lib/forward/tls';

export type Props = Readonly<Record<string, unknown>>;

export const TWO = ['10.0.1.10:8080', '10.0.1.11:8080'];
export const stack = (props: Props) => ({
  adminCidr: '203.0.113.7/32',
  forwards: { web: Forward.http(HTTP as never) },
  ...props,
});
export const HTTP = { listen: 80, to: 8080 };
export const http = (props: Props) => stack({ forwards: { web: Forward.http({ ...HTTP, ...props } as never) } });
export const https = (props: Props) =>
  stack({ forwards: { web: Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned(), ...props } as never) } });
export const transport = (kind: 'tcp' | 'udp', engine: string, props: Props) =>
  stack({ engine, forwards: { game: Forward[kind]({ listen: 9000, to: TWO, ...props } as never) } });
export const logins = (failedLogins: Props, protect: Props = {}) =>
  stack({ protect: { failedLogins: { paths: ['/login'], ...failedLogins }, ...protect } });
export const passthrough = (props: Props) =>
  stack({
    forwards: { sni: Forward.tls({ listen: 443, hosts: { 'a.example.com': { to: TWO } }, ...props } as never) },
  });
export const letsEncrypt = (props: Props) =>
  stack({
    forwards: {
      plain: Forward.http({ listen: 80, redirectTo: 'https' }),
      web: Forward.https({
        listen: 443,
        to: 8080,
        tls: Tls.letsEncrypt({ email: 'ops@example.com', domains: ['www.example.com'], ...props } as never),
      }),
    },
  });
/** With the admin's SSH these are as many rules as the default allows, and one more. */
export const SOURCES = Array.from({ length: 60 }, (_, i) => `10.${2 * i}.0.0/16`);

export interface Default {
  /** The prop, as the options page has it. */
  readonly prop: readonly [category: string, path: string];
  /** The default to look at, where the docstring has several; otherwise the first. */
  readonly literal?: string | number;
  /** A stack with the prop; `undefined` leaves it out. */
  readonly stack: (value: unknown) => object;
  /** A value that makes a difference to the same stack. */
  readonly other: unknown;
}

export const row = (
  category: string,
  path: string,
  stackWith: Default['stack'],
  other: unknown,
  literal?: string | number,
): Default => ({ prop: [category, path], stack: stackWith, other, ...(literal === undefined ? {} : { literal }) });

export const TCP = 'Forward.tcp, Forward.udp';
export const PROTECTION = 'Protection of HTTP';
export const TARGETS = 'Targets of HTTP';
