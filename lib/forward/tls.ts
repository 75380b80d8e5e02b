import type { LetsEncryptDns } from './acme-zone';
import type { Known } from './known';

/**
 * Where an HTTPS forward's certificate comes from. Nothing is checked here: the stack checks all its forwards
 * together.
 */
export class Tls {
  /**
   * A certificate that the host signs itself at its first boot, valid for 10 years. It survives changes in place, but
   * not a replaced host. Browsers warn about it; use it for trials, and behind something else that ends TLS.
   */
  static selfSigned(...none: readonly never[]): Tls {
    // Plain JavaScript may pass an argument anyway, such as a domain. The stack refuses it.
    return new Tls('self-signed', none.length === 0 ? {} : ({ given: none } as object));
  }

  /**
   * A certificate from Let's Encrypt, or from another CA that speaks ACME. The host requests it once its domains lead
   * there, and renews it. Until then it answers with a certificate that it signed itself. The CA checks the domains
   * over HTTP, so the stack must have a `Forward.http` on port 80 that is open to everyone; with `dns` it checks records
   * in Route 53 instead.
   * @see https://letsencrypt.org/docs/challenge-types/#http-01-challenge
   */
  static letsEncrypt(props: LetsEncryptProps): Tls {
    return new Tls('acme', props);
  }

  /**
   * A certificate from Secrets Manager. The host reads it at each boot and every hour; its role may read this one
   * secret. The secret's text is JSON with two PEM texts, `{"certificate": "...", "privateKey": "..."}`: the
   * certificate followed by its intermediates, and its unencrypted key.
   */
  static secret(secret: SecretSource): Tls {
    return new Tls('secret', { secret });
  }

  private constructor(
    readonly source: 'self-signed' | 'acme' | 'secret',
    readonly props: Partial<LetsEncryptProps & { readonly secret: SecretSource }>,
  ) {}
}

/**
 * What the host requests from a CA by ACME.
 * @category Tls.letsEncrypt
 * @see https://www.rfc-editor.org/rfc/rfc8555
 */
export interface LetsEncryptProps {
  /**
   * Where the CA may write about the certificate and the account. By requesting a certificate you agree to the CA's
   * terms.
   * @refused anything but an e-mail address
   */
  readonly email: string;
  /**
   * The names that the certificate is for (1-100). Their DNS must lead to the gateway's address, unless there is `dns`.
   * With it, `*.example.com` stands for all names one label below.
   * @refused duplicates; wildcards without `dns`, and names that one covers; upper case; IP addresses
   */
  readonly domains: readonly string[];
  /**
   * Shows the CA records in Route 53 (DNS-01) instead of answers over HTTP: for wildcards, for names that do not lead
   * here, such as internal ones, and for gateways whose port 80 is not open to everyone.
   * @default the CA checks over HTTP
   * @see docs/tls.md#wildcards-and-internal-names
   * @see https://letsencrypt.org/docs/challenge-types/#dns-01-challenge
   */
  readonly dns?: LetsEncryptDns;
  /**
   * Whether to use Let's Encrypt's staging CA for trials: its rate limits are generous, but no browser trusts it.
   * @default false
   * @refused together with `server`
   * @see https://letsencrypt.org/docs/staging-environment/
   */
  readonly staging?: boolean;
  /**
   * Another CA, as the https URL of its ACME directory. It must not require anything beyond ACME, such as an existing
   * account.
   * @default Let's Encrypt
   * @refused anything but an https URL
   */
  readonly server?: string;
}

export const LETS_ENCRYPT_PROPS = {
  email: true,
  domains: true,
  dns: true,
  staging: true,
  server: true,
} satisfies Known<LetsEncryptProps>;

/** A secret in Secrets Manager, such as an `ISecret` of aws-cdk-lib/aws-secretsmanager. */
export interface SecretSource {
  readonly secretArn: string;
  /** Lets the gateway's role read the secret. */
  grantRead(grantee: never): unknown;
}

/** A checked certificate from a CA. */
export interface AcmeCertificate {
  readonly source: 'acme';
  readonly email: string;
  readonly domains: readonly string[];
  readonly server: string;
  /** The ID of the zone in Route 53 that holds its records. Undefined: the CA checks over HTTP. */
  readonly zoneId?: string;
}

/** A checked certificate's source. */
export type Certificate =
  | { readonly source: 'self-signed' }
  | AcmeCertificate
  | { readonly source: 'secret'; readonly secret: SecretSource };

/** The path of a CA's domain checks. @see RFC 8555, section 8.3 */
export const ACME_PATH = '/.well-known/acme-challenge/';

/** Whether a CA checks the certificate's domains over HTTP, on port 80 of where they lead. */
export function isCheckedOverHttp(certificate: Certificate): boolean {
  return certificate.source === 'acme' && certificate.zoneId === undefined;
}
