import { createHash } from 'node:crypto';
import { packageEntry, release } from '../../src/image/packages';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

test('a package stands in the index with its own fields, its file, size and checksum', () => {
  expect(packageEntry('Package: nginx\nVersion: 1.26.3-3\n', 'nginx_1.26.3-3_amd64.deb', Buffer.from('deb'))).toBe(
    `Package: nginx\nVersion: 1.26.3-3\nFilename: ./nginx_1.26.3-3_amd64.deb\nSize: 3\nSHA256: ${sha256('deb')}\n`,
  );
});

test('Release vouches for the index, counted in bytes', () => {
  expect(release('Maintainer: Ö\n', 'x86_64')).toContain(` ${sha256('Maintainer: Ö\n')} 15 Packages`);
});
