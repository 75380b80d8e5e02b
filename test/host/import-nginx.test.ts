import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { made } from '../../lib/import/check';
import type { Imported } from '../../lib/import/imported';
import { readImported } from '../../lib/import/read';
import { ADDRESS, describeHost, STOP_NGINX } from './support/host';
import { type Answer, readAnswer } from './support/import-answers';
import { type Ask, type Asked, readAsks } from './support/import-asks';
import { askConnections } from './support/import-connections';
import { AGREED, judge } from './support/import-judge';
import { NginxHost } from './support/nginx';

jest.setTimeout(60_000);

const FOLDER = join(__dirname, 'import', 'nginx');
const NAMES = readdirSync(FOLDER).toSorted();

/** A configuration, or a folder of one, and what the importer makes of it. */
interface Case {
  readonly files: readonly (readonly [path: string, text: string])[];
  readonly asked: Asked;
  readonly imported: Imported;
}

function readCase(name: string): Case {
  const path = join(FOLDER, name);
  const isFolder = statSync(path).isDirectory();
  const main = isFolder ? join(path, 'nginx.conf') : path;
  const paths = isFolder
    ? readdirSync(path, { withFileTypes: true, recursive: true })
        .filter((one) => one.isFile())
        .map((one) => join(one.parentPath, one.name))
    : [main];
  const files = paths.map((one) => [isFolder ? relative(path, one) : 'nginx.conf', readFileSync(one, 'utf8')] as const);
  const text = readFileSync(main, 'utf8');
  return { files, asked: readAsks(text), imported: readImported(main, text, 'nginx') };
}

describeHost('an nginx.conf, and the forwards that portway import makes of it', () => {
  let nginx: NginxHost;
  beforeAll(async () => {
    nginx = await NginxHost.start();
    const { host } = nginx;
    for (const [i, name] of ['one', 'two', 'three'].entries()) await nginx.web(8081 + i, name);
    for (const port of [9001, 9002]) await host.app('backend', 'tcp', port, `app ${port}`);
    for (const port of [9001, 9002]) await host.app('backend', 'udp', port, `udp ${port}`);
    const certificate = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=x';
    await host.sh(
      'gateway',
      `openssl req -x509 ${certificate} -keyout /tmp/key.pem -out /tmp/c.pem 2>&1; cat /tmp/c.pem /tmp/key.pem >/tmp/certificate.pem
      mkdir -p /tmp/www /var/cache/nginx; echo home >/tmp/www/index.html; echo text >/tmp/www/x.txt; echo js >/tmp/www/main.js
      echo "staff:$(openssl passwd -apr1 secret)" >/tmp/htpasswd`,
    );
    await host.sh('client', 'head -c 1500000 /dev/zero >/tmp/large; head -c 1550000 /dev/zero >/tmp/large2');
  });
  afterAll(() => nginx?.stop());

  /** Requests of HTTP, or connections. */
  function ask({ asks }: Asked): Promise<readonly (Answer | undefined)[]> {
    const isHttp = asks.every(({ words: [url = ''] }) => url.startsWith('http'));
    return isHttp ? request(asks) : askConnections(nginx.host, asks);
  }

  async function request(asks: readonly Ask[]): Promise<readonly (Answer | undefined)[]> {
    const common = ['-skgi', '--path-as-is', '--max-time', '4', '-w', '\n@@@@\n', '-H', 'X-Test-Body: 20'];
    const to = ['--connect-to', `::${ADDRESS.gateway.v4}:`];
    const words = asks.flatMap((one, i) => [
      ...(i === 0 ? [] : ['--next']),
      ...common,
      ...to,
      ...one.words.map(lengthened),
    ]);
    const { stdout } = await nginx.host.run('client', ['curl', ...words]);
    const parts = stdout.split('\n@@@@\n').slice(0, -1);
    expect(parts).toHaveLength(asks.length);
    return parts.map(readAnswer);
  }

  /** What a running nginx answers, which then ends. */
  async function answersOf(asked: Asked): Promise<readonly (Answer | undefined)[]> {
    try {
      return await ask(asked);
    } finally {
      await nginx.host.sh('gateway', STOP_NGINX);
    }
  }

  /** Asks the original, then the forwards. */
  async function both({ files, imported, asked }: Case) {
    for (const [path, text] of files) await nginx.host.write(`/etc/nginx/${path}`, text);
    await nginx.host.sh('gateway', 'nginx');
    const original = await answersOf(asked);
    const forwards = Object.entries(imported.forwards).map(([name, one]) => [name, made(one)] as const);
    await nginx.run(Object.fromEntries(forwards));
    return { original, ours: await answersOf(asked) };
  }

  test.each(NAMES)('%s: what differs is what the importer names, and nothing else', async (name) => {
    const one = readCase(name);
    const { original, ours } = await both(one);
    expect(judge(one.asked, one.imported.remarks, original, ours)).toEqual(AGREED);
    // Not all of them are refused.
    expect(original.filter((answer) => answer?.seen !== undefined || answer?.status === 0).length).toBeGreaterThan(2);
  });
});

/** `@LONG@` in a request is 20,000 characters. */
function lengthened(word: string): string {
  return word.replace('@LONG@', 'x'.repeat(20_000));
}
