/** Separates the parts of user-data. No line of the host's files may look like it. */
const BOUNDARY = 'portway';

/**
 * User-data always has the same shape: a multipart message with one shell part, of a type that cloud-init runs at every boot, and
 * always with the same file name. (cloud-init never removes a part, so one with an old name would go on running.)
 * @see https://docs.cloud-init.io/en/latest/explanation/format.html
 */
export function mimeMessage(script: string): string {
  return `Content-Type: multipart/mixed; boundary="${BOUNDARY}"
MIME-Version: 1.0

--${BOUNDARY}
Content-Type: text/x-shellscript-per-boot
Content-Disposition: attachment; filename="portway.sh"

${script}
--${BOUNDARY}--
`;
}
