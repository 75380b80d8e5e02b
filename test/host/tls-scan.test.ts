import { certificateFile } from '../../lib/nginx/names';
import { CANONICAL } from '../snapshots/canonical';
import { certificatesRoot } from './support/certificates-root';
import { DEBIAN, describeHost } from './support/host';
import { NginxHost } from './support/nginx';
import { FOR_GRADE, gradeOf, judge, scan, type TlsFinding } from './support/testssl';

jest.setTimeout(300_000);

const NAME = 'www.example.com';
const SECURE = certificateFile('secure', 'self-signed');

/** A certificate from a CA that the scanner trusts, so that no finding about trust has to be ignored. */
const CERTIFICATE = `cd /run
curve='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
openssl req -x509 $curve -days 900 -subj /CN=test-ca -keyout ca.key -out ca.pem 2>/dev/null
openssl req $curve -subj /CN=${NAME} -keyout key.pem -out request.pem 2>/dev/null
printf '%s\\n' subjectAltName=DNS:${NAME} extendedKeyUsage=serverAuth crlDistributionPoints=URI:http://ca.example/crl >extensions
openssl x509 -req -in request.pem -days 90 -CA ca.pem -CAkey ca.key -out certificate.pem -extfile extensions 2>/dev/null
cat certificate.pem ca.pem key.pem >${SECURE}
echo 127.0.0.1 ${NAME} >>/etc/hosts`;

const WEAK = `pid /run/weak.pid;
error_log /var/log/portway/weak.log;
events {}
http {
  server {
    listen 9443 ssl;
    ssl_certificate ${SECURE};
    ssl_certificate_key ${SECURE};
    ssl_protocols TLSv1 TLSv1.1 TLSv1.2;
    ssl_ciphers ALL:!aNULL:@SECLEVEL=0;
  }
}
`;

// Debian 12's version gives no grades.
(DEBIAN === 'debian-13' ? describeHost : describe.skip)('the public TLS scanner testssl.sh', () => {
  let nginx: NginxHost;
  let [strong, weak]: (readonly TlsFinding[])[] = [];
  beforeAll(async () => {
    nginx = await NginxHost.start({ root: await certificatesRoot() });
    await nginx.web(8080, 'web');
    await nginx.run(CANONICAL['nginx-tls-passthrough']?.forwards ?? {});
    await nginx.host.sh('gateway', `${CERTIFICATE}; nginx -s reload`);
    await nginx.host.write('/run/weak.conf', WEAK);
    await nginx.host.sh('gateway', 'nginx -c /run/weak.conf');
    // Takes a minute, mostly waiting.
    [strong, weak] = await Promise.all([
      scan(nginx.host, NAME, 443, { checks: FOR_GRADE, ca: '/run/ca.pem' }),
      scan(nginx.host, NAME, 9443, { checks: ['-p', '-s'], ca: '/run/ca.pem' }),
    ]);
  }, 600_000);
  afterAll(() => nginx?.stop());

  test('finds nothing in a forward that ends TLS, and gives it the best grade', () => {
    expect(judge(strong ?? [])).toEqual([]);
    expect(gradeOf(strong ?? [])).toBe('A+');
    expect(strong?.length).toBeGreaterThan(100);
  });

  test('would find weak protocols and ciphers', () => {
    const found = judge(weak ?? [], {});
    for (const id of ['TLS1', 'TLS1_1', 'cipherlist_OBSOLETED'])
      expect(found).toContainEqual(expect.stringContaining(`[${id}] `));
  });

  test('reports findings that are not acknowledged, and unneeded acknowledgements', () => {
    const finding = { id: 'RC4', severity: 'HIGH', finding: 'offered' } as const;
    expect(judge([finding, { ...finding, severity: 'OK' }], {})).toEqual(['[RC4] HIGH: offered']);
    expect(judge([finding], { RC4: 'a reason' })).toEqual([]);
    expect(judge([], { RC4: 'a reason' })).toEqual(['nothing is found any more that [RC4] acknowledges']);
  });
});
