import { Forward } from '../../lib/forward/forward';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { Tls } from '../../lib/forward/tls';
import { renderNginx } from '../../lib/nginx/render';

const FORWARDS = {
  web: Forward.http({
    listen: 80,
    to: 8080,
    routes: {
      '/quiet/*': { to: 8081, logs: { level: 'none' } },
      '/secret/*': { to: 8081, logs: { redact: true } },
    },
  }),
  pass: Forward.tls({ listen: 443, hosts: { 'a.example.com': { to: '10.0.1.10:443' } } }),
  secure: Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned() }),
  database: Forward.tcp({ listen: 5432, to: '10.0.1.10:5432' }),
};

function render(measured: boolean): string {
  const forwards = resolveForwardsOrThrow({ forwards: FORWARDS });
  return renderNginx(forwards, { user: 'www-data', http2: 'directive' }, 1024, undefined, measured) ?? '';
}

/** The logs of each block that names one, by the block's head. */
function logs(conf: string): readonly (readonly [head: string, logs: readonly string[]])[] {
  const open: { head: string; logs: string[] }[] = [];
  const found: (readonly [string, readonly string[]])[] = [];
  for (const line of conf.split('\n').map((line) => line.trim())) {
    const log = /^access_log (?:\/var\/log\/portway\/)?(\S+?)(?:\.log (\S+) .*)?;$/.exec(line);
    if (line.endsWith('{')) open.push({ head: line.slice(0, -2), logs: [] });
    else if (log !== null) open.at(-1)?.logs.push([log[1], log[2]].filter(Boolean).join(' '));
    else if (line === '}') {
      const one = open.pop();
      if (one !== undefined && one.logs.length > 0) found.push([one.head, one.logs]);
    }
  }
  return found;
}

test('every place that names its logs names the one for metrics too, and no other log is lost', () => {
  const all = ['access portway', 'access portway-cut'];
  expect(logs(render(true))).toEqual([
    // What the host asks, and unknown names of the shared port.
    ['server', ['off']],
    ['server', ['off']],
    ['location /quiet/', ['metrics metrics_own-web']],
    ['location @live-web_quiet__', ['metrics metrics_own-web']],
    ['location @page-web_quiet__', ['metrics metrics_own-web']],
    ['location /secret/', ['access portway-redacted', 'metrics metrics_own-web']],
    ['location @live-web_secret__', ['access portway-redacted', 'metrics metrics_own-web']],
    ['location @page-web_secret__', ['access portway-redacted', 'metrics metrics_own-web']],
    ['server', [...all, 'metrics metrics-web']],
    ['server', [...all, 'metrics metrics-secure']],
    ['http', all],
    ['server', ['stream portway', 'metrics_stream metrics-pass']],
    // It only hands over to both.
    ['server', ['off']],
    ['server', ['stream portway', 'metrics_stream metrics-database']],
    ['stream', ['stream portway']],
  ]);
});

test('names neither client nor URL', () => {
  const formats = render(true).match(/^ *log_format metrics.*$/gm) ?? [];
  expect(formats).toHaveLength(5);
  for (const format of formats) expect(format).not.toMatch(/remote|addr|uri|host|agent|args|name/);
});

test('without it, the configuration has none of it', () => {
  expect(render(false)).not.toMatch(/metrics|portway_own/);
});
