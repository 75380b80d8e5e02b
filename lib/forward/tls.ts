/** Where an HTTPS forward's certificate comes from. Nothing is checked here: the stack checks all its forwards together. */
export class Tls {
  /**
   * A certificate that the host makes for itself at its first boot and keeps, valid for 10 years.
   * Browsers warn about it; good for trying things out, and behind something else that ends TLS.
   */
  static selfSigned(...none: readonly never[]): Tls {
    // Plain JavaScript may give something all the same, such as a domain: the stack refuses it.
    return new Tls('self-signed', none.length === 0 ? {} : ({ given: none } as object));
  }

  /**
   * A certificate of Let's Encrypt, or of another CA that speaks ACME, which the host asks for as soon as its domains lead to it, and
   * renews. Until then the host answers with one that it signed itself. The CA checks the domains by HTTP, so the stack must have a
   * `Forward.http` on port 80 that is open to everyone.
   * @see https://letsencrypt.org/docs/challenge-types/#http-01-challenge
   */
  static letsEncrypt(props: LetsEncryptProps): Tls {
    return new Tls('acme', props);
  }

  /**
   * A certificate out of Secrets Manager: the host reads it at each boot and every hour, and may read this one secret alone. The secret's
   * text is JSON with the texts of two PEM files, `{"certificate": "...", "privateKey": "..."}`: the certificate with those between it and
   * its CA behind it, and its key, not encrypted.
   */
  static secret(secret: SecretSource): Tls {
    return new Tls('secret', { secret });
  }

  private constructor(
    readonly source: 'self-signed' | 'acme' | 'secret',
    readonly props: Partial<LetsEncryptProps & { readonly secret: SecretSource }>,
  ) {}
}

/** What a CA is asked for by ACME. @see RFC 8555 */
export interface LetsEncryptProps {
  /** Where the CA may write to about the certificate or the account. Having a certificate made means to agree with the CA's terms. */
  readonly email: string;
  /** The names that the certificate is for, 1-100. Their DNS must lead to the gateway's address. */
  readonly domains: readonly string[];
  /**
   * Whether Let's Encrypt's staging CA is asked: browsers trust none of its certificates, and its limits are wide enough for trying.
   * @default false
   * @see https://letsencrypt.org/docs/staging-environment/
   */
  readonly staging?: boolean;
  /**
   * Another CA, by the address of its ACME directory. It must ask for nothing beyond ACME, such as an account that exists already.
   * @default Let's Encrypt
   */
  readonly server?: string;
}

/** A secret of Secrets Manager, as `ISecret` of aws-cdk-lib/aws-secretsmanager is one. */
export interface SecretSource {
  readonly secretArn: string;
  /** Lets the gateway's role read it. */
  grantRead(grantee: never): unknown;
}

/** A checked certificate's source. */
export type Certificate =
  | { readonly source: 'self-signed' }
  | { readonly source: 'acme'; readonly email: string; readonly domains: readonly string[]; readonly server: string }
  | { readonly source: 'secret'; readonly secret: SecretSource };
