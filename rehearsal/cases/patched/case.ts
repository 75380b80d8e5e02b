import { join } from 'node:path';
import { Forward } from '../../../lib/forward/forward';
import type { RehearsalCase, Stage, Version } from '../../src/case';
import type { Note } from '../../src/report/steps';
import { ONE } from '../live-contents';
import { output, put, status } from '../on-host';

const [SITE, RAW] = [81, 82];
/** Requests a second. An emulated processor takes no more beside the work of a package manager. */
const RATE = 5;
const SCRIPT = '/root/newer-packages.sh';

const VERSIONS = {
  first: {
    forwards: {
      site: Forward.http({ listen: SITE, to: `${ONE}:8080` }),
      raw: Forward.tcp({ listen: RAW, to: `${ONE}:8080`, engine: 'nginx' }),
    },
  },
} as const satisfies Record<string, Version>;

const master = (stage: Stage) => output(stage, 'sudo cat /run/nginx.pid');

async function upgrade(stage: Stage, note: Note): Promise<void> {
  const { checks, phase, address } = stage;
  await put(stage, join(__dirname, 'newer-packages.sh'), SCRIPT);
  await output(
    stage,
    `sudo sh -c 'bash ${SCRIPT} nginx nginx-common libnginx-mod-stream && apt-get -q update' 2>&1`,
    300,
  );
  const before = await master(stage);
  const watches = [SITE, RAW].map((port) => stage.watch(`http://${address}:${port}/`, RATE));
  const held = stage.hold(RAW);
  const log = await output(stage, 'sudo DEBIAN_FRONTEND=noninteractive apt-get -qy upgrade </dev/null 2>&1', 300);
  const installed = await output(stage, 'dpkg -l nginx | tail -n 1');
  checks.expect(phase, 'the newer nginx is installed', /^ii .*portway1/.test(installed), `${installed}\n${log}`);
  const asked = await Promise.all(watches.map((watch) => watch.stop()));
  const open = await held.stop();
  const [lost, requests] = [
    asked.reduce((sum, one) => sum + one.lost, 0),
    asked.reduce((sum, one) => sum + one.requests, 0),
  ];
  note(`${lost} of ${requests} requests lost, ${open.exchanges} exchanges over one connection`);
  checks.expect(phase, 'strangers lose no request', lost === 0 && requests > 20, JSON.stringify(asked));
  checks.expect(phase, 'a connection through nginx stays open', open.broken === null, `${open.broken}`);
  const after = await master(stage);
  checks.expect(phase, 'another nginx has taken over', after !== before, `process ${after}`);
}

async function lookAround(stage: Stage): Promise<void> {
  const { checks, phase } = stage;
  const gone = await output(
    stage,
    'for i in $(seq 60); do [ -e /run/nginx.pid.oldbin ] || break; sleep 1; done; ls /run/nginx.pid*',
    120,
  );
  checks.expect(phase, 'the old one ends with its last connection', gone === '/run/nginx.pid', gone);
  const main = await output(stage, 'systemctl show -P MainPID nginx');
  const pid = await master(stage);
  checks.expect(phase, 'systemd watches over the new one', main === pid, `${main}, not ${pid}`);
  const { well, text } = await status(stage);
  checks.expect(phase, '`portway status` finds all as it was deployed', well, text);
  const said = await output(stage, 'sudo systemctl restart nginx 2>&1; systemctl is-active nginx');
  checks.expect(phase, 'an operator may restart nginx again', said === 'active', said);
}

const patched: RehearsalCase = {
  about: 'a newer nginx is installed, whose package would restart it and brings another nginx.conf: no request is lost',
  versions: VERSIONS,
  steps: [
    { title: 'apt-get upgrade, while strangers send requests', run: upgrade },
    { title: 'afterwards', run: lookAround },
  ],
};

export default patched;
