import { parseIndexTargets, pickAptOptions, pickMirror } from '../../src/image/mirror';

describe("the machine's Debian mirror", () => {
  const pick = (...lines: string[]) => pickMirror(parseIndexTargets(lines.join('\n')));

  test("is the main archive, not its security updates and no third party's repository", () => {
    expect(
      pick(
        'http://mirror.example/security/|Debian|bookworm-security|main',
        'https://download.example/linux/debian/|Docker|bookworm|stable',
        'http://mirror.example/debian/|Debian|bookworm|main',
      ),
    ).toBe('http://mirror.example/debian/');
  });

  test('is found before apt knows origins (no update has run yet)', () => {
    expect(pick('http://mirror.example/debian/|$(ORIGIN)|trixie|main')).toBe('http://mirror.example/debian/');
  });

  test("is not another distribution's", () => {
    expect(pick('http://mirror.example/ubuntu/|Ubuntu|noble|main')).toBeUndefined();
  });

  test('is one that a bootstrap can read: no discs, no folders', () => {
    expect(pick('cdrom://Debian 13/|Debian|trixie|main', 'file:/srv/debian/|Debian|trixie|main')).toBeUndefined();
    expect(pick()).toBeUndefined();
  });
});

test('proxies and date settings of apt go along, nothing else does', () => {
  const dump = [
    'Acquire "";',
    'Acquire::http "";',
    'Acquire::http::Proxy "http://proxy.example:3128";',
    'Acquire::https::Proxy::internal.example "DIRECT";',
    'Acquire::Check-Valid-Until "false";',
    'Acquire::Languages "de";',
    'Acquire::GzipIndexes "true";',
  ].join('\n');
  expect(pickAptOptions(dump)).toEqual([
    'Acquire::http::Proxy "http://proxy.example:3128";',
    'Acquire::https::Proxy::internal.example "DIRECT";',
    'Acquire::Check-Valid-Until "false";',
  ]);
});
