/** Where an HTTPS forward's certificate comes from. */
export class Tls {
  /**
   * A certificate that the host makes for itself at its first boot and keeps (`/etc/portway/tls/<forward>.crt`).
   * Browsers warn about it; good for trying things out, and behind something else that ends TLS.
   */
  static selfSigned(): Tls {
    return new Tls('self-signed');
  }

  private constructor(readonly source: 'self-signed') {}
}
